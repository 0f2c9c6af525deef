import type { Knex } from 'knex';
import { withTimeout } from '../../runtime/with-timeout.ts';
import type { PoolFigures } from '../../telemetry/storage-metrics.ts';

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
