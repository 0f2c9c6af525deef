import type { Customer, Rendered } from '../../contract/types.ts';
import type { IdSource } from '../../domain/clock.ts';
import { type Command, fieldChanges } from '../../domain/commands.ts';
import type { WriteContext, WriteOutcome } from '../../domain/customer-store.ts';
import { type Change, createChangeLog } from '../changes/log.ts';
import { createCustomerRows } from '../customers/rows.ts';
import type { Session } from '../engine/engine.ts';
import { createErasureRows } from '../erasure/rows.ts';
import { MovedMeanwhile } from '../errors.ts';
import type { Dialect } from '../sql/dialect.ts';
import { renderCustomer } from '../sql/projection.ts';
import { createRound, type Deciding, namesOfCommand, roundsOf, targetExternalId } from './apply.ts';
import type { Settled } from './group-commit.ts';
import { createIdempotencyRows, type HashedRequest, type KnownAnswer, replay } from './idempotency.ts';

/** The position before all others. */
const noPosition = '0';

/** A write as it waits in the queue. */
export interface Write {
  readonly command: Command;
  readonly context: WriteContext;
  readonly request: HashedRequest | undefined;
}

/** A write while its batch runs. */
interface Item extends Write, Deciding {
  /** The answer that its key was given before. */
  known?: KnownAnswer;
  /** The write of this batch that it repeats. */
  repeats?: Item;
  /** The customer that it came to, rendered once for its reply and for the change log. */
  image?: Rendered<Customer>;
  position?: string | undefined;
}

/**
 * Does many writes inside one transaction, each with its own outcome. Writes on the same customer, or under
 * the same Idempotency-Key, follow each other in rounds, so that each sees the one before.
 */
export function createWriteBatch(dialect: Dialect, ids: IdSource, idempotencyTtlMs: number) {
  const rows = createCustomerRows(dialect);
  const applyRound = createRound(dialect, rows, createErasureRows(dialect), ids);
  const keys = createIdempotencyRows(dialect);
  const changeLog = createChangeLog(dialect);

  return async (
    session: Session,
    writes: readonly Write[],
    nowMs: number,
  ): Promise<readonly Settled<WriteOutcome>[]> => {
    const at = new Date(nowMs).toISOString();
    const items: Item[] = writes.map((write) => ({ ...write }));
    await findKnown(session, items, at);
    const applied: Item[] = [];
    const done = new Map<string, Item>();
    const unknown = items.filter(({ known }) => !known);
    const externalIds = unknown.flatMap(({ command }) => targetExternalId(command) ?? []);
    const holders = await rows.holderIds(session, externalIds);
    for (const round of roundsOf(unknown, (item) => namesOf(item, holders))) {
      for (const item of round) markRepeat(item, done);
      const fresh = round.filter(({ repeats }) => !repeats);
      applied.push(...(await applyRound(session, fresh, at)));
      for (const item of fresh) if (item.request && !item.failure) done.set(item.request.keyHash, item);
    }
    // A dry run is rolled back: nothing needs a key or a position.
    if (writes[0]?.context.validateOnly) return items.map(settle);
    await lookAgain(session, items, at);
    await keys.remember(session, [...done.values()].map(answerOf), at, timestamp(nowMs + idempotencyTtlMs));
    const positions = await changeLog.append(
      session,
      applied.map((item) => changeOf(item, at)),
    );
    applied.forEach((item, place) => {
      item.position = positions[place];
    });
    await placeUnchanged(session, items);
    if (applied.length === 0 && done.size === 0) await confirmEarlier(session, items);
    return items.map(settle);
  };

  /**
   * A replay, or a write that finds all as it wants it, tells of what an earlier transaction has stored, and may
   * not tell of it before the synchronous standby has it. Where this one writes too, its own COMMIT sees to that.
   */
  async function confirmEarlier(session: Session, items: readonly Item[]): Promise<void> {
    const tells = items.some(({ failure, known }) => !failure || (known && 'result' in known.outcome));
    if (dialect.settleEarlier && tells) await session.run(dialect.settleEarlier, []);
  }

  async function findKnown(session: Session, items: readonly Item[], at: string): Promise<void> {
    const hashes = items.flatMap(({ request }) => (request ? [request.keyHash] : []));
    if (hashes.length === 0) return;
    const answers = await keys.find(session, hashes, at);
    for (const item of items) {
      const known = item.request && answers.get(item.request.keyHash);
      if (known) item.known = known;
    }
  }

  /**
   * A keyed write that is refused may have been refused for what its own first request has just done on another
   * instance, committed after we looked for its key.
   */
  async function lookAgain(session: Session, items: readonly Item[], at: string): Promise<void> {
    const refused = items.filter(({ failure, known }) => failure && !known);
    const hashes = refused.flatMap(({ request }) => (request ? [request.keyHash] : []));
    if (hashes.length === 0) return;
    if ((await keys.find(session, hashes, at)).size > 0) throw new MovedMeanwhile();
  }

  /** A write that changed nothing tells the position of its customer's last change, as a replay of it does. */
  async function placeUnchanged(session: Session, items: readonly Item[]): Promise<void> {
    const unchanged = items.filter(
      // Nobody is told the position of an import's line.
      ({ decision, failure, context }) =>
        decision?.change === null && !failure && context.source !== 'import',
    );
    if (unchanged.length === 0) return;
    const ids = unchanged.map((item) => decisionOf(item).after.id);
    const positions = await changeLog.lastPositions(session, ids);
    for (const item of unchanged) item.position = positions.get(decisionOf(item).after.id);
  }
}

function namesOf({ command, request }: Item, holders: ReadonlyMap<string, string>): string[] {
  return [...namesOfCommand(command, holders), ...(request ? [request.keyHash] : [])];
}

function markRepeat(item: Item, done: ReadonlyMap<string, Item>): void {
  const first = item.request && done.get(item.request.keyHash);
  if (first) item.repeats = first;
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
    body: imageOf(item),
    etag: after.etag,
    created: change === 'created',
    ...(change === null ? { unchanged: true } : {}),
    feedPosition: item.position ?? noPosition,
    validated: item.context.validateOnly,
    replayed: false,
  };
}

function answerOf(item: Item) {
  if (!item.request) throw new Error('Only a keyed write is remembered.');
  return { request: item.request, outcome: outcomeOf(item), version: decisionOf(item).after.version };
}

function changeOf(item: Item, at: string): Change {
  const { before, after, change } = decisionOf(item);
  if (!change) throw new Error('Only a change is logged.');
  return {
    customerId: after.id,
    version: after.version,
    kind: change,
    source: item.context.source,
    at,
    actor: item.context.actor,
    requestId: item.context.requestId,
    changes: before && fieldChanges(before, after),
    image: imageOf(item),
  };
}

function imageOf(item: Item): Rendered<Customer> {
  item.image ??= renderCustomer(decisionOf(item).after);
  return item.image;
}

function decisionOf({ decision }: Item) {
  if (!decision) throw new Error('The write was not decided.');
  return decision;
}

function timestamp(ms: number): string {
  return new Date(ms).toISOString();
}
