import type { Knex } from 'knex';
import { within } from '../operations/within.ts';

export interface LeaseEnd<Connection> {
  /** On the monotonic clock. */
  readonly deadline: number;
  /** Ends the connection, and with it what it waits for. */
  cut(connection: Connection): void;
}

/** Runs work on a connection of a pool: for as long as it takes, or until the lease ends. */
export async function lease<Connection, Result>(
  pool: Knex,
  work: (connection: Connection) => Promise<Result>,
  end?: LeaseEnd<Connection>,
): Promise<Result> {
  const isBounded = end !== undefined && end.deadline !== Number.POSITIVE_INFINITY;
  const connection = isBounded
    ? await acquireBefore<Connection>(pool, end.deadline)
    : await acquire<Connection>(pool);
  const ending = isBounded
    ? setTimeout(() => end.cut(connection), end.deadline - performance.now())
    : undefined;
  try {
    return await work(connection);
  } finally {
    clearTimeout(ending);
    await release(pool, connection);
  }
}

async function acquireBefore<Connection>(pool: Knex, deadline: number): Promise<Connection> {
  let isLate = false;
  const acquired = acquire<Connection>(pool);
  // One that comes too late is for somebody else.
  acquired.then(
    (connection) => void (isLate && release(pool, connection)),
    () => undefined,
  );
  return within(deadline - performance.now(), acquired, () => {
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
