import type { Engine, Session } from '../engine/engine.ts';

/** A checkpoint older than this is not used, which bounds how old a replica's answer can be. */
const checkpointTtlMs = 60_000;

/** Minimum time between two reads of the primary's position. */
const refreshIntervalMs = 200;

/** A change that identifies the history of a database up to its position. */
export interface HistoryCheckpoint {
  readonly position: string;
  /** Identifies the change: no other change has the same mark. */
  readonly mark: string;
}

/** The recent checkpoints of the primary. */
export interface HistoryCheckpoints {
  /** Returns the earliest checkpoint at or after this position. */
  at(minFeedPosition: string): HistoryCheckpoint | undefined;
  /** Starts reading the primary's current position, unless that was done just now. Does not wait for it. */
  refreshSoon(): void;
}

/**
 * Creates the checkpoints of a primary, by which a replica proves that it has the same history.
 *
 * A position alone is no proof: after a failover, a replica of the old primary may hold different changes at the same
 * positions. But positions have no gaps, so a database that holds the primary's own change at a position has the same
 * history up to it.
 */
export function createHistoryCheckpoints(primary: Engine): HistoryCheckpoints {
  /** In order of positions. */
  let checkpoints: SeenCheckpoint[] = [];
  let isRefreshing = false;
  let refreshedAt = Number.NEGATIVE_INFINITY;

  async function refresh(): Promise<void> {
    const seenAt = performance.now();
    const newest = checkpoints.at(-1);
    const values = [newest?.position ?? null];
    const [row] = await primary.read((session) => session.run<HeadRow>(headStatement, values));
    if (!row) return;
    // The history has changed: the primary was restored, or its successor lacks changes.
    if (newest && row.known !== newest.mark) checkpoints = [];
    if (newest?.position === row.position && row.known === newest.mark) newest.seenAt = seenAt;
    else if (row.mark !== null) {
      checkpoints.push({ position: row.position, mark: row.mark, number: BigInt(row.position), seenAt });
    }
  }

  return {
    at(minFeedPosition) {
      const oldest = performance.now() - checkpointTtlMs;
      while (checkpoints[0] && checkpoints[0].seenAt < oldest) checkpoints.shift();
      const least = BigInt(minFeedPosition);
      return checkpoints.find(({ number }) => number >= least);
    },
    refreshSoon() {
      const now = performance.now();
      if (isRefreshing || now - refreshedAt < refreshIntervalMs) return;
      isRefreshing = true;
      refreshedAt = now;
      refresh()
        .catch(() => undefined)
        .finally(() => {
          isRefreshing = false;
        });
    },
  };
}

interface SeenCheckpoint extends HistoryCheckpoint {
  /** The position. */
  readonly number: bigint;
  /** When the primary's head was last at this position. */
  seenAt: number;
}

/** Holds no personal data, and survives erasure. */
const mark = "concat_ws(' ', customer_id, version, kind, at, request_id)";

const headStatement =
  `SELECT CAST(feed_head.position AS text) AS position, ` +
  `(SELECT ${mark} FROM changes WHERE changes.position = feed_head.position) AS mark, ` +
  `(SELECT ${mark} FROM changes WHERE changes.position = CAST(? AS bigint)) AS known FROM feed_head`;

interface HeadRow {
  readonly position: string;
  /** Null before the first change, or when retention has removed the change. */
  readonly mark: string | null;
  /** The mark that the primary has now at the newest checkpoint's position. */
  readonly known: string | null;
}

const hasStatement =
  `SELECT pg_is_in_recovery() AS standby, ` +
  `(SELECT ${mark} FROM changes WHERE position = CAST(? AS bigint)) IS NOT DISTINCT FROM ? AS holds`;

/**
 * Returns whether the session's database has the checkpoint in its history.
 * @throws Error when the server is not a standby: it may have writes of its own.
 */
export async function hasCheckpoint(
  session: Session,
  { position, mark }: HistoryCheckpoint,
): Promise<boolean> {
  const [row] = await session.run<{ standby: boolean; holds: boolean }>(hasStatement, [position, mark]);
  if (!row?.standby) throw new Error('The server of DATABASE_REPLICA_URL is not a standby.');
  return row.holds;
}
