import { setTimeout as pause } from 'node:timers/promises';
import type { Clock, IdSource } from '../../domain/clock.ts';
import type { Command } from '../../domain/commands.ts';
import { type TracedRequest, tracedAmong } from '../../domain/context.ts';
import type { WriteContext, WriteOutcome } from '../../domain/customer-store.ts';
import { Failure, unavailable } from '../../domain/failures.ts';
import { within } from '../../runtime/with-timeout.ts';
import type { GroupObserver } from '../../telemetry/storage-metrics.ts';
import {
  CommitUncertain,
  type Engine,
  type MaintenanceOptions,
  type Session,
  type TransactionOptions,
  type Work,
} from '../engine/engine.ts';
import { MovedMeanwhile } from '../errors.ts';
import { createWriteBatch, type Write } from './batch.ts';
import { createGroupCommit, type Settled } from './group-commit.ts';
import { hashRequest } from './idempotency.ts';

const batchMax = 256;
const queueMax = 10_000;
const attemptsMax = 5;
/** How often a COMMIT that had no answer may be followed by another one. */
const resolutionsMax = 3;

export interface CustomerWritesOptions {
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly idempotencyKey: Buffer;
  readonly idempotencyTtlMs: number;
  readonly groups?: GroupObserver | undefined;
  /** Called when a transaction has ended that may have stored something. */
  readonly committed: () => void;
}

/** Writes customers, many in one transaction, each acknowledged after its COMMIT. */
export function createCustomerWrites(engine: Engine, options: CustomerWritesOptions) {
  const applyBatch = createWriteBatch(engine.dialect, options.ids, options.idempotencyTtlMs);
  const queue = createGroupCommit(commit, ({ context }: Write) => context.validateOnly, {
    batchMax,
    isBulk: ({ context }) => context.source === 'import',
    othersCameAt: () => engine.readLoad.cameAt,
    queueMax,
    observer: options.groups,
  });

  const begun = new WeakSet<Write>();

  async function commit(writes: readonly Write[]): Promise<readonly Settled<WriteOutcome>[]> {
    const waiting = writes.map((write) => (write.context.deadlineMs > Date.now() ? write : undefined));
    const inTime = waiting.filter((write) => write !== undefined);
    for (const write of inTime) begun.add(write);
    const outcomes = [...(await commitTogether(inTime))];
    return waiting.map((write) => (write ? (outcomes.shift() as Settled<WriteOutcome>) : tooLate()));
  }

  /**
   * What stands in one write's way must not take its neighbours along: each again, alone. But not when the
   * database serves nobody, or when it may have stored them.
   */
  async function commitTogether(
    writes: readonly Write[],
    resolutions = 0,
  ): Promise<readonly Settled<WriteOutcome>[]> {
    if (writes.length === 0) return [];
    try {
      return await attempt(() => transact(writes));
    } catch (error) {
      if (error instanceof CommitUncertain) return resolve(writes, error, resolutions);
      const hopeless = engine.dialect.errorMeaning(error) === 'unavailable';
      if (hopeless || writes.length === 1) return writes.map(() => ({ error }));
      const alone: Settled<WriteOutcome>[] = [];
      for (const write of writes) alone.push(...(await commit([write])));
      return alone;
    }
  }

  /**
   * Finds out what became of writes whose COMMIT had no answer, by their Idempotency-Keys. Once no transaction from
   * before is left, either the keys are there, and what they answered; or they never will be, and the writes are
   * done now. Those without a key would be done twice.
   */
  async function resolve(
    writes: readonly Write[],
    uncertain: CommitUncertain,
    resolutions: number,
  ): Promise<readonly Settled<WriteOutcome>[]> {
    const keyed = writes.filter(({ request, context }) => request && context.deadlineMs > Date.now());
    const outcomes = new Map<Write, Settled<WriteOutcome>>();
    if (keyed.length > 0 && resolutions < resolutionsMax && (await settleEarlier())) {
      const found = await commitTogether(keyed, resolutions + 1);
      found.forEach((outcome, place) => {
        if (isVerdict(outcome)) outcomes.set(keyed[place] as Write, outcome);
      });
    }
    return writes.map((write) => outcomes.get(write) ?? { error: uncertain });
  }

  /** Whether it is certain that every transaction from before has ended, and is as durable as one gets. */
  async function settleEarlier(): Promise<boolean> {
    const sql = engine.dialect.settleEarlier;
    if (sql === undefined) return false;
    return engine
      .transaction((session) => session.run(sql, []))
      .then(
        () => true,
        () => false,
      );
  }

  /** A transaction that comes to the same when it is done twice is done again where its COMMIT had no answer. */
  async function attemptRepeatable<Result>(transact: () => Promise<Result>): Promise<Result> {
    try {
      return await attempt(transact);
    } catch (error) {
      if (!(error instanceof CommitUncertain) || !(await settleEarlier())) throw error;
      return attempt(transact);
    }
  }

  /** Repeats what was rolled back for another transaction's sake, and nothing else. */
  async function attempt<Result>(transact: () => Promise<Result>, count = 1): Promise<Result> {
    try {
      return await transact();
    } catch (error) {
      const again = error instanceof MovedMeanwhile || engine.dialect.errorMeaning(error) === 'retry';
      if (!again || count >= attemptsMax) throw error;
      await pause(Math.random() * 10 * count);
      return attempt(transact, count + 1);
    }
  }

  function transact(writes: readonly Write[]): Promise<readonly Settled<WriteOutcome>[]> {
    const rollBack = writes[0]?.context.validateOnly ?? false;
    const served = tracedAmong(writes.map(({ context }) => context));
    return transaction((session, nowMs) => applyBatch(session, writes, nowMs), { rollBack, served });
  }

  async function transaction<Result>(
    work: Transaction<Result>,
    settings: TransactionOptions,
  ): Promise<Result> {
    try {
      return await engine.transaction((session) => work(session, options.clock()), settings);
    } finally {
      if (!settings.rollBack) options.committed();
    }
  }

  /** Who would wait in vain is told at once, and nobody waits behind them. */
  function assertInTime(deadlineMs: number): void {
    if (Date.now() + queue.load.waitMs <= deadlineMs) return;
    throw unavailable('The writes that wait already take longer than the request may. It was not begun.');
  }

  return {
    load: queue.load,
    queueMax,
    async write(command: Command, context: WriteContext): Promise<WriteOutcome> {
      const { idempotency, validateOnly } = context;
      assertInTime(context.deadlineMs);
      const request =
        idempotency && !validateOnly ? hashRequest(options.idempotencyKey, idempotency) : undefined;
      const write: Write = { command, context, request };
      return within(context.deadlineMs - Date.now(), queue.submit(write), () => {
        throw begun.has(write) ? new CommitUncertain('the deadline passed') : tooLate().error;
      });
    },
    /** Runs a transaction of its own among the writes, when its turn comes and in time. It comes to the same when it
     * is run twice. */
    async transact<Result>(
      work: Transaction<Result>,
      deadlineMs: number,
      trace?: TracedRequest,
    ): Promise<Result> {
      assertInTime(deadlineMs);
      return queue.takeTurn(() => {
        if (deadlineMs <= Date.now()) return Promise.reject(tooLate().error);
        return attemptRepeatable(() => transaction(work, { served: trace && [trace] }));
      });
    },
    /** Runs statements on the writing connection when their turn comes, outside of any transaction. */
    maintain<Result>(work: Work<Result>, maintenance?: MaintenanceOptions): Promise<Result> {
      return queue.takeTurn(() => engine.maintain(work, maintenance));
    },
    /** Resolves when no write is under way. */
    idle: () => queue.idle(),
  };
}

/** What is done in a transaction, at this time. */
export type Transaction<Result> = (session: Session, nowMs: number) => Promise<Result>;

export type CustomerWrites = ReturnType<typeof createCustomerWrites>;

function isVerdict(outcome: Settled<WriteOutcome>): boolean {
  return 'result' in outcome || (outcome.error instanceof Failure && outcome.error.code !== 'unavailable');
}

function tooLate(): { readonly error: Failure } {
  return { error: unavailable('The write waited in the queue until its deadline and was not begun.') };
}
