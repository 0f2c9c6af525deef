import { setTimeout as pause } from 'node:timers/promises';
import type { RetentionConfig } from '../../config/config.ts';
import { type IdSource, timestamp } from '../../domain/clock.ts';
import type { Session } from '../engine/engine.ts';
import type { CustomerEraser } from '../erasure/erase.ts';
import type { Dialect } from '../sql/dialect.ts';
import { raw, rowCount, run, sql } from '../sql/sql.ts';
import type { TransactionWork } from '../writes/transactions.ts';
import type { CustomerWriter } from '../writes/writer.ts';

/** Rows to delete per transaction, which takes a few milliseconds. */
const rowsPerTransaction = 500;
/** The pause between transactions, for requests. */
const pauseMs = 20;
const dayMs = 24 * 60 * 60 * 1000;

/** How many rows one sweep has removed. */
export interface SweepReport {
  readonly idempotencyKeys: number;
  readonly changes: number;
  readonly customers: number;
}

export interface SweepDeps {
  readonly dialect: Dialect;
  readonly writer: CustomerWriter;
  readonly eraser: CustomerEraser;
  readonly retention: RetentionConfig;
  readonly ids: IdSource;
}

/**
 * Returns a function that removes expired data in small transactions, which queue with the writes of requests.
 * Several instances may sweep at the same time.
 */
export function createSweep(deps: SweepDeps): (signal: AbortSignal) => Promise<SweepReport> {
  const { writer, eraser, retention, ids } = deps;
  return async (signal) => {
    const { changesDays, deletedDays } = retention;
    const idempotencyKeys = await drain(writer, signal, deleteExpiredKeys(deps.dialect));
    const changes = changesDays === undefined ? 0 : await drain(writer, signal, deleteChanges(changesDays));
    const customers =
      deletedDays === undefined ? 0 : await eraseDeleted(eraser, signal, deletedDays * dayMs, ids());
    await eraser.resume();
    return { idempotencyKeys, changes, customers };
  };
}

/** Repeats the transaction, with pauses, until one removes fewer rows than its limit. Returns the total. */
async function drain(
  writer: CustomerWriter,
  signal: AbortSignal,
  work: TransactionWork<number>,
): Promise<number> {
  for (let total = 0; ; ) {
    const removed = await writer.transact(work);
    total += removed;
    if (removed < rowsPerTransaction) return total;
    await pause(pauseMs, undefined, { signal });
  }
}

async function eraseDeleted(
  eraser: CustomerEraser,
  signal: AbortSignal,
  ageMs: number,
  requestId: string,
): Promise<number> {
  const context = { actor: 'retention', source: 'retention', requestId } as const;
  for (let total = 0; ; ) {
    signal.throwIfAborted();
    const outcome = await eraser.eraseLongDeleted(ageMs, context);
    if (outcome === 'none') return total;
    if (outcome === 'erased') total += 1;
    await pause(pauseMs, undefined, { signal });
  }
}

function deleteExpiredKeys(dialect: Dialect): TransactionWork<number> {
  return async (session, nowMs) => {
    const expired = sql`SELECT key_hash FROM idempotency_keys WHERE expires_at <= ${timestamp(nowMs)}
      ORDER BY expires_at LIMIT ${rowCount(rowsPerTransaction)} ${raw(dialect.lockFreeRows)}`;
    const statement = sql`DELETE FROM idempotency_keys WHERE key_hash IN (${expired}) RETURNING 1`;
    return (await run(session, statement)).length;
  };
}

/**
 * Deletes a prefix of the feed and raises its horizon, so that one position shows a reader whether it has missed
 * changes. Locks the head of the feed last, as writes do.
 */
function deleteChanges(days: number): TransactionWork<number> {
  return async (session, nowMs) => {
    const last = await lastChangeBefore(session, timestamp(nowMs - days * dayMs));
    if (last === undefined) return 0;
    const position = sql`CAST(${last} AS bigint)`;
    const removed = await run(session, sql`DELETE FROM changes WHERE position <= ${position} RETURNING 1`);
    await run(session, sql`UPDATE feed_head SET horizon = ${position} WHERE horizon < ${position}`);
    return removed.length;
  };
}

/** Returns the last position of the oldest changes that were all made before a time; undefined if none was. */
async function lastChangeBefore(session: Session, time: string): Promise<string | undefined> {
  const oldest = await run<{ position: string; at: string }>(
    session,
    sql`SELECT CAST(position AS text) AS position, at FROM changes
      ORDER BY changes.position LIMIT ${rowCount(rowsPerTransaction)}`,
  );
  const firstKept = oldest.findIndex(({ at }) => at >= time);
  return oldest.slice(0, firstKept === -1 ? undefined : firstKept).at(-1)?.position;
}
