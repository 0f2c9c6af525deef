import type { Customer, Rendered } from '../../contract/types.ts';
import { type IdSource, timestamp } from '../../domain/clock.ts';
import { type Command, fieldChanges } from '../../domain/commands.ts';
import type { WriteContext } from '../../domain/context.ts';
import type { WriteOutcome } from '../../domain/customer-store.ts';
import { type Change, type ChangeLog, createChangeLog } from '../changes/change-log.ts';
import { type CustomerRows, createCustomerRows } from '../customers/rows.ts';
import type { Session } from '../engine/engine.ts';
import { createErasureRows } from '../erasure/rows.ts';
import { WriteConflict } from '../errors.ts';
import type { Dialect } from '../sql/dialect.ts';
import { renderCustomer } from '../sql/projection.ts';
import { CommandApplier, decisionOf, type PendingCommand, targetExternalId } from './apply-commands.ts';
import { conflictFreeGroups, conflictKeys } from './conflict-groups.ts';
import type { Settled } from './group-commit.ts';
import {
  type Answer,
  createIdempotencyRows,
  type HashedRequest,
  type IdempotencyRows,
  type KnownAnswer,
  replay,
} from './idempotency.ts';

/** A command with its caller, as it waits in the queue. */
export interface Write {
  readonly command: Command;
  readonly context: WriteContext;
  /** Set when the request carries an Idempotency-Key. */
  readonly request: HashedRequest | undefined;
}

/** A write while its transaction runs. */
interface Item extends Write, PendingCommand {
  /** The stored answer to an earlier request with the same key. */
  known?: KnownAnswer;
  /** An earlier item of this batch with the same key. */
  repeats?: Item;
  /** The resulting customer, rendered once for the response and the change log. */
  snapshot?: Rendered<Customer>;
  /** The feed position of the customer's last change. */
  position?: string | undefined;
}

/** The position before the first change: every feed includes it. */
const positionZero = '0';

/** Executes many writes in one transaction: each sees those before it, and each has its own outcome. */
export class BatchWriter {
  readonly #dialect: Dialect;
  readonly #idempotencyTtlMs: number;
  readonly #rows: CustomerRows;
  readonly #keys: IdempotencyRows;
  readonly #changeLog: ChangeLog;
  readonly #commands: CommandApplier;

  constructor(dialect: Dialect, ids: IdSource, idempotencyTtlMs: number) {
    this.#dialect = dialect;
    this.#idempotencyTtlMs = idempotencyTtlMs;
    this.#rows = createCustomerRows(dialect);
    this.#keys = createIdempotencyRows(dialect);
    this.#changeLog = createChangeLog(dialect);
    this.#commands = new CommandApplier(dialect, this.#rows, createErasureRows(dialect), ids);
  }

  /**
   * Executes the writes and returns their outcomes in the same order. Either all of them are dry runs or none is.
   * @throws WriteConflict when the transaction must be run again.
   */
  async write(
    session: Session,
    writes: readonly Write[],
    nowMs: number,
  ): Promise<readonly Settled<WriteOutcome>[]> {
    const at = timestamp(nowMs);
    const items: Item[] = writes.map((write) => ({ ...write }));
    await this.#findKnownAnswers(session, items, at);
    const { changed, firstByKey } = await this.#apply(
      session,
      items.filter(({ known }) => !known),
      at,
    );
    // A dry run is rolled back, so it needs neither positions nor keys.
    if (writes[0]?.context.validateOnly) return items.map(settle);

    await this.#recheckKeys(session, items, at);
    const expiresAt = timestamp(nowMs + this.#idempotencyTtlMs);
    await this.#keys.remember(session, [...firstByKey.values()].map(answerOf), at, expiresAt);
    await this.#appendChanges(session, changed, at);
    await this.#fillUnchangedPositions(session, items);
    const wroteNothing = changed.length === 0 && firstByKey.size === 0;
    if (wroteNothing) await this.#awaitReplicatedCommits(session, items);
    return items.map(settle);
  }

  async #findKnownAnswers(session: Session, items: readonly Item[], at: string): Promise<void> {
    const hashes = keyHashesOf(items);
    if (hashes.length === 0) return;
    const answers = await this.#keys.find(session, hashes, at);
    for (const item of items) {
      const known = item.request && answers.get(item.request.keyHash);
      if (known) item.known = known;
    }
  }

  /** Applies the items group by group, and marks those that repeat the key of an earlier item. */
  async #apply(session: Session, items: readonly Item[], at: string) {
    const changed: Item[] = [];
    const firstByKey = new Map<string, Item>();
    const externalIds = items.flatMap(({ command }) => targetExternalId(command) ?? []);
    const idsByExternalId = await this.#rows.idsByExternalId(session, externalIds);
    const keysOf = ({ command, request }: Item) => [
      ...conflictKeys(command, idsByExternalId),
      ...(request ? [request.keyHash] : []),
    ];
    for (const group of conflictFreeGroups(items, keysOf)) {
      for (const item of group) {
        const first = item.request && firstByKey.get(item.request.keyHash);
        if (first) item.repeats = first;
      }
      const fresh = group.filter(({ repeats }) => !repeats);
      changed.push(...(await this.#commands.apply(session, fresh, at)));
      for (const item of fresh) {
        if (item.request && !item.failure) firstByKey.set(item.request.keyHash, item);
      }
    }
    return { changed, firstByKey };
  }

  /**
   * A keyed write that fails may have failed because of its own first request, which another instance committed after
   * the keys were read.
   */
  async #recheckKeys(session: Session, items: readonly Item[], at: string): Promise<void> {
    const hashes = keyHashesOf(items.filter(({ failure, known }) => failure && !known));
    if (hashes.length === 0) return;
    if ((await this.#keys.find(session, hashes, at)).size > 0) throw new WriteConflict();
  }

  async #appendChanges(session: Session, changed: readonly Item[], at: string): Promise<void> {
    const positions = await this.#changeLog.append(
      session,
      changed.map((item) => changeOf(item, at)),
    );
    for (const [index, item] of changed.entries()) item.position = positions[index];
  }

  /** A write that changed nothing reports the position of the customer's last change. Imports report none. */
  async #fillUnchangedPositions(session: Session, items: readonly Item[]): Promise<void> {
    const unchanged = items.filter(
      ({ decision, failure, context }) =>
        decision?.change === null && !failure && context.source !== 'import',
    );
    if (unchanged.length === 0) return;
    const ids = unchanged.map((item) => decisionOf(item).after.id);
    const positions = await this.#changeLog.lastPositions(session, ids);
    for (const item of unchanged) item.position = positions.get(decisionOf(item).after.id);
  }

  /**
   * A transaction that writes nothing has no COMMIT to wait for the synchronous standby, but a replay or an unchanged
   * customer reports earlier commits, which must have reached it.
   */
  async #awaitReplicatedCommits(session: Session, items: readonly Item[]): Promise<void> {
    const reportsEarlier = items.some(
      ({ failure, known }) => !failure || (known && 'result' in known.outcome),
    );
    const { awaitReplicatedCommits } = this.#dialect;
    if (awaitReplicatedCommits && reportsEarlier) await session.run(awaitReplicatedCommits, []);
  }
}

function keyHashesOf(items: readonly Item[]): string[] {
  return items.flatMap(({ request }) => (request ? [request.keyHash] : []));
}

function settle(item: Item): Settled<WriteOutcome> {
  if (item.failure) return { error: item.failure };
  if (item.request && item.known) return replay(item.known, item.request);
  if (item.request && item.repeats?.request) {
    const { fingerprint } = item.repeats.request;
    return replay({ fingerprint, outcome: settle(item.repeats) }, item.request);
  }
  return { result: outcomeOf(item) };
}

function outcomeOf(item: Item): WriteOutcome {
  const { after, change } = decisionOf(item);
  return {
    id: after.id,
    body: snapshotOf(item),
    etag: after.etag,
    created: change === 'created',
    ...(change === null ? { unchanged: true } : {}),
    feedPosition: item.position ?? positionZero,
    validated: item.context.validateOnly,
    replayed: false,
  };
}

function answerOf(item: Item): Answer {
  if (!item.request) throw new Error('Only a write with an Idempotency-Key has an answer to keep.');
  return { request: item.request, outcome: outcomeOf(item), version: decisionOf(item).after.version };
}

function changeOf(item: Item, at: string): Change {
  const { before, after, change } = decisionOf(item);
  if (!change) throw new Error('Only a new version is logged.');
  const { source, actor, requestId } = item.context;
  return {
    customerId: after.id,
    version: after.version,
    kind: change,
    source,
    at,
    actor,
    requestId,
    changes: before && fieldChanges(before, after),
    snapshot: snapshotOf(item),
  };
}

function snapshotOf(item: Item): Rendered<Customer> {
  item.snapshot ??= renderCustomer(decisionOf(item).after);
  return item.snapshot;
}
