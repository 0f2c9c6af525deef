import { setTimeout as pause } from 'node:timers/promises';
import type { Knex } from 'knex';
import { withTimeout } from '../../runtime/with-timeout.ts';
import type { PoolFigures } from '../../telemetry/storage-metrics.ts';
import type { ErrorDialect } from '../sql/dialect.ts';

/** Bounds a lease. */
export interface LeaseLimit<Connection> {
  /** On the monotonic clock. */
  readonly deadline: number;
  /** Closes the connection at the deadline, which fails the statement running on it. */
  cut(connection: Connection): void;
}

/** Runs work on a connection of a pool, until the work ends or the lease runs out. */
export async function lease<Connection, Result>(
  pool: Knex,
  work: (connection: Connection) => Promise<Result>,
  limit?: LeaseLimit<Connection>,
): Promise<Result> {
  const isBounded = limit !== undefined && limit.deadline !== Number.POSITIVE_INFINITY;
  const connection = isBounded
    ? await acquireBefore<Connection>(pool, limit.deadline)
    : await acquire<Connection>(pool);
  const timer = isBounded
    ? setTimeout(() => limit.cut(connection), limit.deadline - performance.now())
    : undefined;
  try {
    return await work(connection);
  } finally {
    clearTimeout(timer);
    await release(pool, connection);
  }
}

async function acquireBefore<Connection>(pool: Knex, deadline: number): Promise<Connection> {
  let isLate = false;
  const acquired = acquire<Connection>(pool);
  acquired.then(
    (connection) => void (isLate && release(pool, connection)),
    () => undefined,
  );
  return withTimeout(deadline - performance.now(), acquired, () => {
    isLate = true;
    throw new NoConnectionTimeoutError('No connection became free in time.');
  });
}

class NoConnectionTimeoutError extends Error {
  override name = 'TimeoutError';
}

function acquire<Connection>(pool: Knex): Promise<Connection> {
  return pool.client.acquireConnection();
}

function release<Connection>(pool: Knex, connection: Connection): Promise<void> {
  return pool.client.releaseConnection(connection);
}

/** With the pauses between them this spans up to 0.75 s, long enough for a server to restart. */
const connectionsTriedMax = 5;
const firstPauseMs = 50;

/**
 * Retries work whose connection failed: the next connection may reach the new primary or the restarted server. Only for
 * work that has stored nothing when its connection fails; a COMMIT without an answer is a `CommitUncertain` instead.
 * @param deadline on the monotonic clock. Without one there is no retry.
 */
export async function retryOnConnectionError<Result>(
  work: () => Promise<Result>,
  { isConnectionError }: ErrorDialect,
  deadline: number,
): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      // Exponential backoff with jitter.
      const pauseMs = firstPauseMs * 2 ** (attempt - 1) * (0.5 + Math.random() / 2);
      const isTooLate = deadline === Number.POSITIVE_INFINITY || performance.now() + pauseMs >= deadline;
      if (isTooLate || attempt >= connectionsTriedMax || !isConnectionError(error)) throw error;
      await pause(pauseMs);
    }
  }
}

/** Returns live figures of a Knex pool, which Knex's types do not declare. */
export function poolFigures({ client }: Knex): PoolFigures {
  const { pool } = client as {
    readonly pool: { readonly max: number; numUsed(): number; numPendingAcquires(): number };
  };
  return {
    connectionsMax: pool.max,
    inUse: () => pool.numUsed(),
    waiting: () => pool.numPendingAcquires(),
  };
}

/** Silences Knex's own log, which prints SQL with its values. Errors reach the caller anyway. */
export const quietLog = {
  warn() {},
  error() {},
  debug() {},
  deprecate() {},
};
