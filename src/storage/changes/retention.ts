import { setTimeout as pause } from 'node:timers/promises';
import type { IdSource } from '../../domain/clock.ts';
import type { Session } from '../engine/engine.ts';
import type { Erasures } from '../erasure/erase.ts';
import { rowLimit } from '../sql/columns.ts';
import type { Dialect } from '../sql/dialect.ts';
import type { CustomerWrites } from '../writes/writer.ts';

/** How many rows one turn of the writer removes: a few milliseconds of it. */
const rowsPerTurn = 500;
/** Between two turns, requests have the writer to themselves. */
const pauseMs = 20;
const dayMs = 24 * 60 * 60 * 1000;

/** How long things are kept; undefined for ever. */
export interface Retention {
  /** Entries of the history and the change feed. */
  readonly changesDays: number | undefined;
  /** Deleted customers, before they are erased. */
  readonly deletedDays: number | undefined;
}

/** What one sweep has removed. */
export interface SweepReport {
  readonly idempotencyKeys: number;
  readonly changes: number;
  readonly customers: number;
}

interface Oldest {
  readonly position: string;
  readonly at: string;
}

/**
 * Removes what is past its time, a bounded piece at a time through the same queue as all writes, so that requests go
 * between. Several instances may do it at once: each piece looks for itself what is left.
 */
export function createSweep(
  { dialect, writes, erasures }: { dialect: Dialect; writes: CustomerWrites; erasures: Erasures },
  { retention, ids }: { readonly retention: Retention; readonly ids: IdSource },
): (signal: AbortSignal) => Promise<SweepReport> {
  const forget = forgetKeys(dialect);

  /** Removes pieces until one is not full any more. */
  async function drain(signal: AbortSignal, piece: (session: Session, nowMs: number) => Promise<number>) {
    for (let total = 0; ; ) {
      const removed = await writes.transact(piece, Number.POSITIVE_INFINITY);
      total += removed;
      if (removed < rowsPerTurn) return total;
      await pause(pauseMs, undefined, { signal });
    }
  }

  /** Erases them one by one, each with all that an erasure is. */
  async function purge(days: number, signal: AbortSignal): Promise<number> {
    const context = { actor: 'retention', source: 'retention', requestId: ids() } as const;
    for (let total = 0; ; ) {
      signal.throwIfAborted();
      const outcome = await erasures.eraseLongDeleted(days * dayMs, context);
      if (outcome === 'none') return total;
      if (outcome === 'erased') total += 1;
      await pause(pauseMs, undefined, { signal });
    }
  }

  return async (signal) => {
    const { changesDays, deletedDays } = retention;
    const idempotencyKeys = await drain(signal, (session, nowMs) => forget(session, timestamp(nowMs)));
    const changes =
      changesDays === undefined
        ? 0
        : await drain(signal, (session, nowMs) =>
            forgetChanges(session, timestamp(nowMs - changesDays * dayMs)),
          );
    const customers = deletedDays === undefined ? 0 : await purge(deletedDays, signal);
    await erasures.resume();
    return { idempotencyKeys, changes, customers };
  };
}

function forgetKeys(dialect: Dialect): (session: Session, now: string) => Promise<number> {
  const sql =
    'DELETE FROM idempotency_keys WHERE key_hash IN (SELECT key_hash FROM idempotency_keys ' +
    `WHERE expires_at <= ? ORDER BY expires_at LIMIT ${rowLimit} ${dialect.lockFreeRows}) RETURNING 1`;
  return async (session, now) => (await session.run(sql, [now, rowsPerTurn])).length;
}

const oldest = `SELECT CAST(position AS text) AS position, at FROM changes ORDER BY changes.position LIMIT ${rowLimit}`;
const removeChanges = 'DELETE FROM changes WHERE position <= CAST(? AS bigint) RETURNING 1';
const raiseHorizon = 'UPDATE feed_head SET horizon = CAST(? AS bigint) WHERE horizon < CAST(? AS bigint)';

/**
 * Removes a prefix of the feed, and nothing from between: who reads it must be able to tell by one position whether
 * something is missing. The feed's head is locked last, as writes do.
 */
async function forgetChanges(session: Session, before: string): Promise<number> {
  const rows = await session.run<Oldest>(oldest, [rowsPerTurn]);
  const firstKept = rows.findIndex(({ at }) => at >= before);
  const last = rows.at(firstKept === -1 ? -1 : firstKept - 1);
  if (firstKept === 0 || !last) return 0;
  const removed = await session.run(removeChanges, [last.position]);
  await session.run(raiseHorizon, [last.position, last.position]);
  return removed.length;
}

function timestamp(ms: number): string {
  return new Date(ms).toISOString();
}
