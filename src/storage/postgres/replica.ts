import { Failure } from '../../domain/failures.ts';
import { within } from '../../runtime/with-timeout.ts';
import type { Engine, ReadOptions, ReadSource, Session, Work } from '../engine/engine.ts';

/** What became of the attempt to answer a read from the replica; all but the first were answered by the primary. */
export type ReplicaReadOutcome =
  | 'served'
  /** The replica has not come to the position, or the primary was not yet seen beyond it. */
  | 'behind'
  /** An error, no answer in time, or a conflict with what the replica had to replay. */
  | 'failed'
  /** It was not asked, for it has just failed. */
  | 'paused';

/** Who is told what reads find of the replica. */
export interface ReplicaObserver {
  readonly onRead: (outcome: ReplicaReadOutcome) => void;
  /** With the reason when it is not asked for a while, and without one when it answers again. */
  readonly onHealth: (reason: { readonly error: unknown } | undefined) => void;
}

export interface Replica {
  readonly engine: Engine;
  /** How long a read may try it before it goes to the primary. */
  readonly timeoutMs: number;
}

/** A replica is given up early enough for the primary to answer within the same request. */
export const replicaTimeoutMs = 1000;

/** How long a replica that failed is left alone. */
const pauseMs = 2000;

/** Slow statements and conflicts with the replay are a statement's own affair, until they come in a row. */
const failuresInRowMax = 3;

type Attempt<Result> =
  | { readonly outcome: 'served'; readonly result: Result }
  | { readonly outcome: Exclude<ReplicaReadOutcome, 'served'> };

/**
 * Reads from the replica what may be read from a copy that includes a given position, if it does; everything else,
 * and whatever the replica cannot answer soon, from the primary.
 */
export function createReplicaReads(primary: Engine, replica: Replica, observer: ReplicaObserver): ReadSource {
  const anchors = createFeedAnchors(primary);
  const { dialect } = replica.engine;
  const breaker = createCircuitBreaker({
    pauseMs,
    failuresMax: failuresInRowMax,
    onChange: observer.onHealth,
  });

  async function attempt<Result>(
    work: Work<Result>,
    anchor: Anchor,
    { served }: ReadOptions,
  ): Promise<Attempt<Result>> {
    try {
      const answer = await within(
        replica.timeoutMs * patienceFactor,
        replica.engine.read((session) => readAt(session, anchor, work), { served }),
        giveUp,
      );
      breaker.succeeded();
      return answer;
    } catch (error) {
      // The answer to the caller, whichever database gives it.
      if (error instanceof Failure) {
        breaker.succeeded();
        throw error;
      }
      const meaning = dialect.errorMeaning(error);
      breaker.failed(error, meaning === 'retry' || meaning === 'timeout' ? 'call' : 'server');
      return { outcome: 'failed' };
    }
  }

  async function tryReplica<Result>(
    work: Work<Result>,
    minFeedPosition: string,
    options: ReadOptions,
  ): Promise<Attempt<Result>> {
    anchors.refreshSoon();
    const anchor = anchors.at(minFeedPosition);
    if (!anchor) return { outcome: 'behind' };
    return breaker.enter() ? attempt(work, anchor, options) : { outcome: 'paused' };
  }

  return {
    dialect,
    async read(work, options = {}) {
      const { minFeedPosition } = options;
      if (minFeedPosition === undefined) return primary.read(work, options);
      const attempted = await tryReplica(work, minFeedPosition, options);
      observer.onRead(attempted.outcome);
      return attempted.outcome === 'served' ? attempted.result : primary.read(work, options);
    },
  };
}

/**
 * The check and the work see one state: one snapshot, also where a pooler or an address with several replicas behind
 * it would spread statements over them.
 */
async function readAt<Result>(
  session: Session,
  anchor: Anchor,
  work: Work<Result>,
): Promise<Attempt<Result>> {
  await session.run('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY', []);
  try {
    const holds = await holdsAnchor(session, anchor);
    const answer: Attempt<Result> = holds
      ? { outcome: 'served', result: await work(session) }
      : { outcome: 'behind' };
    await session.run('COMMIT', []);
    return answer;
  } catch (error) {
    // A connection that cannot roll back has ended, and is not lent again.
    await session.run('ROLLBACK', []).catch(() => undefined);
    throw error;
  }
}

/** The server's own timeout comes first where it answers at all: it tells a slow statement from a dead server. */
const patienceFactor = 1.25;

function giveUp(): never {
  throw new Error('The replica did not answer in time.');
}

/** Keeps calls away from a server for a while after it has failed, so that not every one of them waits for it. */
export interface CircuitBreaker {
  /** Whether a call may be made; its end has to be told. After a pause a single one may, to find out. */
  enter(): boolean;
  succeeded(): void;
  /** @param error what it failed with, for the log. */
  failed(error: unknown, severity: FailureSeverity): void;
}

/** `call`: another call may well succeed, and only several in a row tell of the server. */
export type FailureSeverity = 'call' | 'server';

export interface CircuitBreakerOptions {
  readonly pauseMs: number;
  /** How many calls in a row may fail before calls are kept away. */
  readonly failuresMax: number;
  /** Told when calls are kept away, with the reason, and when they are let through again. */
  readonly onChange: (reason: { readonly error: unknown } | undefined) => void;
}

export function createCircuitBreaker(options: CircuitBreakerOptions): CircuitBreaker {
  const { pauseMs, failuresMax, onChange } = options;
  let failures = 0;
  let pausedSince: number | undefined;
  let trying = false;

  return {
    enter() {
      if (pausedSince === undefined) return true;
      if (trying || performance.now() - pausedSince < pauseMs) return false;
      trying = true;
      return true;
    },
    succeeded() {
      failures = 0;
      trying = false;
      if (pausedSince === undefined) return;
      pausedSince = undefined;
      onChange(undefined);
    },
    failed(error, severity) {
      failures += severity === 'server' ? failuresMax : 1;
      trying = false;
      if (failures < failuresMax) return;
      if (pausedSince === undefined) onChange({ error });
      pausedSince = performance.now();
    },
  };
}

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
