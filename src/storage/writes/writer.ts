import type { Clock, IdSource } from '../../domain/clock.ts';
import type { Command } from '../../domain/commands.ts';
import { type TracedRequest, tracedAmong, type WriteContext } from '../../domain/context.ts';
import type { QueueStats, WriteOutcome } from '../../domain/customer-store.ts';
import { Failure, unavailable } from '../../domain/failures.ts';
import { withTimeout } from '../../runtime/with-timeout.ts';
import type { GroupObserver } from '../../telemetry/storage-metrics.ts';
import { CommitUncertain, type Engine, type MaintenanceOptions, type Work } from '../engine/engine.ts';
import { translateErrors } from '../errors.ts';
import type { Dialect } from '../sql/dialect.ts';
import { BatchWriter, type Write } from './batch.ts';
import { GroupCommit, type Settled } from './group-commit.ts';
import { hashRequest } from './idempotency.ts';
import { Transactions, type TransactionWork } from './transactions.ts';

const batchMax = 256;
const queueMax = 10_000;
/** How often keyed writes are repeated after a COMMIT whose outcome is unknown. */
const uncertainRetriesMax = 3;

export interface CustomerWriterOptions {
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly idempotencyKey: Buffer;
  readonly idempotencyTtlMs: number;
  readonly groupObserver?: GroupObserver | undefined;
  /** Called after each transaction that may have stored something. */
  readonly onCommit: () => void;
}

export interface TransactOptions {
  /** When the caller stops waiting, in milliseconds since 1970; by default it waits forever. */
  readonly deadlineMs?: number;
  readonly trace?: TracedRequest | undefined;
}

/**
 * The one writer of this process. A write goes one way: it waits in the queue (`group-commit.ts`), shares a
 * transaction with others (`transactions.ts`, `batch.ts`), is applied together with writes that it does not conflict
 * with (`conflict-groups.ts`, `apply.ts`), and is acknowledged after COMMIT.
 */
export class CustomerWriter {
  readonly #engine: Engine;
  readonly #idempotencyKey: Buffer;
  readonly #committer: BatchCommitter;
  readonly #transactions: Transactions;
  readonly #queue: GroupCommit<Write, WriteOutcome>;
  readonly queueMax = queueMax;

  constructor(engine: Engine, options: CustomerWriterOptions) {
    this.#engine = engine;
    this.#idempotencyKey = options.idempotencyKey;
    this.#transactions = new Transactions(engine, options.clock, options.onCommit);
    const batches = new BatchWriter(engine.dialect, options.ids, options.idempotencyTtlMs);
    this.#committer = new BatchCommitter(engine.dialect, this.#transactions, batches);
    this.#queue = new GroupCommit((writes) => this.#committer.commit(writes), {
      batchMax,
      queueMax,
      isExclusive: ({ context }) => context.validateOnly,
      isBulk: ({ context }) => context.source === 'import',
      lastOtherRequestAt: () => engine.readLoad.lastArrivalAt,
      observer: options.groupObserver,
    });
  }

  get queueStats(): QueueStats {
    return this.#queue;
  }

  /** Executes a command: see {@link CustomerStore.write}. */
  write(command: Command, context: WriteContext): Promise<WriteOutcome> {
    return translateErrors(this.#submit(command, context), this.#engine.dialect, 'write');
  }

  /** Runs idempotent work in a transaction of its own when no batch is under way. */
  async transact<Result>(
    work: TransactionWork<Result>,
    { deadlineMs = Number.POSITIVE_INFINITY, trace }: TransactOptions = {},
  ): Promise<Result> {
    this.#assertInTime(deadlineMs);
    return this.#queue.runExclusive(async () => {
      if (deadlineMs <= Date.now()) throw expired();
      return this.#transactions.runIdempotent(work, { traced: trace && [trace] });
    });
  }

  /** Runs statements on the writing connection, outside of transactions, when no batch is under way. */
  maintain<Result>(work: Work<Result>, options?: MaintenanceOptions): Promise<Result> {
    return this.#queue.runExclusive(() => this.#engine.maintain(work, options));
  }

  /** Resolves when no write is under way. */
  idle(): Promise<void> {
    return this.#queue.idle();
  }

  async #submit(command: Command, context: WriteContext): Promise<WriteOutcome> {
    const { idempotency, validateOnly, deadlineMs } = context;
    this.#assertInTime(deadlineMs);
    const request = idempotency && !validateOnly ? hashRequest(this.#idempotencyKey, idempotency) : undefined;
    const write: Write = { command, context, request };
    return withTimeout(deadlineMs - Date.now(), this.#queue.submit(write), () => {
      throw this.#committer.hasStarted(write) ? new CommitUncertain('the deadline passed') : expired();
    });
  }

  /** Fails early instead of queueing a write that would expire, and delay those behind it. */
  #assertInTime(deadlineMs: number): void {
    if (Date.now() + this.#queue.waitMs <= deadlineMs) return;
    throw unavailable(
      'The waiting writes already take longer than the deadline of the request. It was not started.',
    );
  }
}

/** Commits batches. A failing write does not fail the others, and uncertain commits are resolved where possible. */
class BatchCommitter {
  readonly #dialect: Dialect;
  readonly #transactions: Transactions;
  readonly #batches: BatchWriter;
  readonly #started = new WeakSet<Write>();

  constructor(dialect: Dialect, transactions: Transactions, batches: BatchWriter) {
    this.#dialect = dialect;
    this.#transactions = transactions;
    this.#batches = batches;
  }

  /** Whether a transaction may have stored this write. */
  hasStarted(write: Write): boolean {
    return this.#started.has(write);
  }

  /**
   * Commits writes and returns their outcomes in the same order. After a COMMIT whose outcome is unknown, repeats the
   * writes that carry an Idempotency-Key, once earlier transactions have ended: by then the key exists with its
   * answer, or never will. Without a key a repeat could store the write twice.
   */
  async commit(writes: readonly Write[]): Promise<readonly Settled<WriteOutcome>[]> {
    const outcomes = new Map<Write, Settled<WriteOutcome>>();
    let pending = writes.filter(isInTime);
    for (let retry = 0; pending.length > 0; retry++) {
      const settled = new Map(await this.#commitIsolated(pending));
      for (const [write, outcome] of settled) {
        if (retry === 0 || isDefinite(outcome)) outcomes.set(write, outcome);
      }
      pending = pending.filter(
        (write) => write.request && isInTime(write) && isUncertain(settled.get(write)),
      );
      if (pending.length === 0 || retry === uncertainRetriesMax) break;
      if (!(await this.#transactions.awaitEarlierCommits())) break;
    }
    return writes.map((write) => outcomes.get(write) ?? { error: expired() });
  }

  /** Commits writes together. When one of them fails the transaction, commits each alone. */
  async #commitIsolated(writes: readonly Write[]): Promise<readonly WriteWithOutcome[]> {
    try {
      return await this.#commitTogether(writes);
    } catch (error) {
      const concernsAll =
        error instanceof CommitUncertain || this.#dialect.errorMeaning(error) === 'unavailable';
      if (concernsAll || writes.length === 1) return writes.map((write) => [write, { error }]);
    }
    const outcomes: WriteWithOutcome[] = [];
    for (const write of writes) {
      if (isInTime(write)) outcomes.push(...(await this.#commitIsolated([write])));
      else outcomes.push([write, { error: expired() }]);
    }
    return outcomes;
  }

  async #commitTogether(writes: readonly Write[]): Promise<readonly WriteWithOutcome[]> {
    for (const write of writes) this.#started.add(write);
    const rollBack = writes[0]?.context.validateOnly ?? false;
    const traced = tracedAmong(writes.map(({ context }) => context));
    const outcomes = await this.#transactions.run(
      (session, nowMs) => this.#batches.write(session, writes, nowMs),
      { rollBack, traced },
    );
    return writes.map((write, index) => [write, outcomes[index] as Settled<WriteOutcome>]);
  }
}

type WriteWithOutcome = readonly [Write, Settled<WriteOutcome>];

function isInTime({ context }: Write): boolean {
  return context.deadlineMs > Date.now();
}

function isUncertain(outcome: Settled<WriteOutcome> | undefined): boolean {
  return outcome !== undefined && 'error' in outcome && outcome.error instanceof CommitUncertain;
}

/** Whether the outcome says for certain what was stored. */
function isDefinite(outcome: Settled<WriteOutcome>): boolean {
  return 'result' in outcome || (outcome.error instanceof Failure && outcome.error.code !== 'unavailable');
}

function expired(): Failure {
  return unavailable('The write waited in the queue until its deadline and was not started.');
}
