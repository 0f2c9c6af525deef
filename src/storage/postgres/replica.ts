import { Failure } from '../../domain/failures.ts';
import { withTimeout } from '../../runtime/with-timeout.ts';
import type { Engine, ReadOptions, ReadSource, Session, Work } from '../engine/engine.ts';
import { createCircuitBreaker } from './circuit-breaker.ts';
import { createHistoryCheckpoints, type HistoryCheckpoint, hasCheckpoint } from './history-checkpoints.ts';

/** A read replica: a standby of the primary. */
export interface Replica {
  readonly engine: Engine;
  /** How long a read may take on the replica before it falls back to the primary. */
  readonly timeoutMs: number;
}

/** Observes the reads that a replica may serve. */
export interface ReplicaObserver {
  readonly onRead: (outcome: ReplicaReadOutcome) => void;
  /** Called with the reason when the replica is paused, and with undefined when it answers again. */
  readonly onHealth: (reason: { readonly error: unknown } | undefined) => void;
}

/** Whether the replica served a read. In all other cases the primary did. */
export type ReplicaReadOutcome =
  | 'served'
  /** The replica has not reached the position, or there is no checkpoint at or after it yet. */
  | 'behind'
  /** An error, a timeout, or a conflict with WAL replay. */
  | 'failed'
  /** Not tried, because the replica has failed recently. */
  | 'paused';

/** Leaves the primary enough time to answer within the same request. */
export const replicaTimeoutMs = 1000;

/** How long a failed replica is left alone. */
const pauseMs = 2000;

/** Slow statements and replay conflicts pause the replica only when this many occur in a row. */
const failuresInRowMax = 3;

/**
 * Creates a source that reads from the replica when the read names a minimum feed position that the replica has
 * reached. All other reads, and those that the replica cannot serve, go to the primary.
 */
export function createReplicaReads(primary: Engine, replica: Replica, observer: ReplicaObserver): ReadSource {
  const checkpoints = createHistoryCheckpoints(primary);
  const { dialect } = replica.engine;
  const breaker = createCircuitBreaker({
    pauseMs,
    failuresMax: failuresInRowMax,
    onChange: observer.onHealth,
  });

  async function attempt<Result>(
    work: Work<Result>,
    checkpoint: HistoryCheckpoint,
    { traced }: ReadOptions,
  ): Promise<Attempt<Result>> {
    try {
      const answer = await withTimeout(
        replica.timeoutMs * timeoutFactor,
        replica.engine.read((session) => readAt(session, checkpoint, work), { traced }),
        throwTimeout,
      );
      breaker.succeeded();
      return answer;
    } catch (error) {
      // An expected answer, such as `customer_not_found`, which the primary would give too.
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
    checkpoints.refreshSoon();
    const checkpoint = checkpoints.at(minFeedPosition);
    if (!checkpoint) return { outcome: 'behind' };
    return breaker.enter() ? attempt(work, checkpoint, options) : { outcome: 'paused' };
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

type Attempt<Result> =
  | { readonly outcome: 'served'; readonly result: Result }
  | { readonly outcome: Exclude<ReplicaReadOutcome, 'served'> };

/**
 * Checks the checkpoint and runs the work in one transaction, so that both see the same snapshot of the same server,
 * even behind a pooler or a load balancer.
 */
async function readAt<Result>(
  session: Session,
  checkpoint: HistoryCheckpoint,
  work: Work<Result>,
): Promise<Attempt<Result>> {
  await session.run('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY', []);
  try {
    const answer: Attempt<Result> = (await hasCheckpoint(session, checkpoint))
      ? { outcome: 'served', result: await work(session) }
      : { outcome: 'behind' };
    await session.run('COMMIT', []);
    return answer;
  } catch (error) {
    // When ROLLBACK fails, the connection is broken and not lent again.
    await session.run('ROLLBACK', []).catch(() => undefined);
    throw error;
  }
}

/** The server's own statement timeout comes first, which distinguishes a slow statement from a dead server. */
const timeoutFactor = 1.25;

function throwTimeout(): never {
  throw new Error('The replica did not answer in time.');
}
