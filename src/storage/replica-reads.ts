import { Failure } from '../domain/failures.ts';
import { within } from '../operations/within.ts';
import { createCircuitBreaker } from './circuit-breaker.ts';
import type { Engine, ReadOptions, Session, Work } from './engine.ts';
import { type Anchor, createFeedAnchors, holdsAnchor } from './feed-anchors.ts';
import type { ReadSource } from './read-source.ts';

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
