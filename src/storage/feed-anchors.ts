import type { Engine, Session } from './engine.ts';

/** How long an anchor is good for: what a replica answers is never older than that. */
const anchorTtlMs = 60_000;

/** How often the primary is asked for a new one at most. */
const anchorIntervalMs = 200;

/** A change by which a copy of this database is told from another one that has come to the same position. */
export interface Anchor {
  readonly position: string;
  /** What nobody else's change has alike. */
  readonly mark: string;
}

/** What the primary has seen itself at, in the last minute. */
export interface FeedAnchors {
  /** The earliest change at or after this position: who has that one has also come to the position. */
  at(minFeedPosition: string): Anchor | undefined;
  /** Asks the primary where it is, unless that was just done. Waits for nothing. */
  refreshSoon(): void;
}

/** No customer's data, and kept when a change is redacted. */
const mark = "concat_ws(' ', customer_id, version, kind, at, request_id)";

const anchorStatement =
  `SELECT CAST(feed_head.position AS text) AS position, ` +
  `(SELECT ${mark} FROM changes WHERE changes.position = feed_head.position) AS mark, ` +
  `(SELECT ${mark} FROM changes WHERE changes.position = CAST(? AS bigint)) AS known FROM feed_head`;

const holdsStatement =
  `SELECT pg_is_in_recovery() AS standby, ` +
  `(SELECT ${mark} FROM changes WHERE position = CAST(? AS bigint)) IS NOT DISTINCT FROM ? AS holds`;

interface AnchorRow {
  readonly position: string;
  /** Null where there was no change yet, or retention has removed it. */
  readonly mark: string | null;
  /** The mark of the newest anchor as the primary has it now. */
  readonly known: string | null;
}

interface SeenAnchor extends Anchor {
  readonly at: bigint;
  seenAt: number;
}

/**
 * A position alone tells too little: after a failover a replica that did not come along may hold other changes
 * under the same positions, and so may a server that is no copy at all. But who holds the very change that the
 * primary has at a position has the same history up to it, for positions have no gaps.
 */
export function createFeedAnchors(primary: Engine): FeedAnchors {
  /** From the earliest to the newest. */
  let anchors: SeenAnchor[] = [];
  let refreshing = false;
  let refreshedAt = Number.NEGATIVE_INFINITY;

  async function refresh(): Promise<void> {
    const seenAt = performance.now();
    const newest = anchors.at(-1);
    const values = [newest?.position ?? null];
    const [row] = await primary.read((session) => session.run<AnchorRow>(anchorStatement, values));
    if (!row) return;
    // Another history than we knew: the primary was restored, or its successor lacks what it had.
    if (newest && row.known !== newest.mark) anchors = [];
    if (newest?.position === row.position && row.known === newest.mark) newest.seenAt = seenAt;
    else if (row.mark !== null) {
      anchors.push({ position: row.position, mark: row.mark, at: BigInt(row.position), seenAt });
    }
  }

  return {
    at(minFeedPosition) {
      const oldest = performance.now() - anchorTtlMs;
      while (anchors[0] && anchors[0].seenAt < oldest) anchors.shift();
      const least = BigInt(minFeedPosition);
      return anchors.find(({ at }) => at >= least);
    },
    refreshSoon() {
      const now = performance.now();
      if (refreshing || now - refreshedAt < anchorIntervalMs) return;
      refreshing = true;
      refreshedAt = now;
      // While the primary does not answer, the anchors that there are grow old.
      refresh()
        .catch(() => undefined)
        .finally(() => {
          refreshing = false;
        });
    },
  };
}

/**
 * Whether the database of a session has come to an anchor.
 * @throws Error for a server that takes writes: what it answers could be its own and nobody else's.
 */
export async function holdsAnchor(session: Session, { position, mark }: Anchor): Promise<boolean> {
  const [row] = await session.run<{ standby: boolean; holds: boolean }>(holdsStatement, [position, mark]);
  if (!row?.standby) throw new Error('The server of DATABASE_REPLICA_URL is not a standby.');
  return row.holds;
}
