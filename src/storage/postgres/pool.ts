import type { Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import knexFactory, { type Knex } from 'knex';
import type { Client } from 'pg';
import { quietLog } from '../engine/pool.ts';
import { cutCode } from './dialect.ts';

export interface PostgresOptions {
  readonly url: string;
  /** Reading connections, in addition to the writing one. */
  readonly readerConnections: number;
  /** How long a statement may run; 0 for no limit. */
  readonly timeoutMs: number;
  /** Whether the server may be a standby; false if absent. */
  readonly standby?: boolean;
}

/** After this long the server counts as down. A new primary may soon have its address. */
const connectTimeoutMs = 3000;

/** How long the server may take to close a connection on request. */
const disconnectTimeoutMs = 1000;

/** Idle time before the first TCP keep-alive probe. */
const keepAliveDelayMs = 5000;

/** Creates a Knex pool of at most this many connections. */
export function openPool(options: PostgresOptions, connections: number, health: ConnectionHealth): Knex {
  const { timeoutMs, standby = false } = options;
  const connectMs = timeoutMs === 0 ? connectTimeoutMs : Math.min(connectTimeoutMs, timeoutMs);
  const pool = knexFactory({
    client: 'pg',
    connection: connectionConfig(options, connectMs),
    // Otherwise Knex queries it, without a timeout. It treats all supported versions alike.
    version: '14',
    compileSqlOnError: false,
    log: quietLog,
    acquireConnectionTimeout: timeoutMs || 60_000,
    pool: {
      min: 0,
      max: connections,
      afterCreate(created: Client, done: (error?: unknown) => void) {
        assertRole(created, standby, connectMs).then(
          () => {
            health.noteAnswer(created);
            done();
          },
          (error: unknown) => {
            streamOf(created).destroy();
            done(error);
          },
        );
      },
      validate: (lent: Client) => health.isAlive(lent),
    },
  });
  limitDisconnect(pool);
  return pool;
}

/** Options of the pg driver that Knex's type lacks. */
interface DriverOptions extends Knex.PgConnectionConfig {
  readonly lock_timeout: number;
  readonly keepAliveInitialDelayMillis: number;
}

function connectionConfig({ url, timeoutMs }: PostgresOptions, connectMs: number): DriverOptions {
  return {
    connectionString: url,
    application_name: 'customers',
    connectionTimeoutMillis: connectMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: keepAliveDelayMs,
    // Earlier than the lease timeout: after the server's own timeout the connection stays usable.
    statement_timeout: Math.floor(timeoutMs * 0.95),
    // Expires before the deadline of the waiting request, so that the request can still be answered.
    lock_timeout: Math.ceil(timeoutMs / 2),
    idle_in_transaction_session_timeout: timeoutMs * 2,
  };
}

/** Rejects for an unexpected standby, which an address may point to during a failover: its data may be stale. */
async function assertRole(created: Client, standby: boolean, timeoutMs: number): Promise<void> {
  const timer = setTimeout(() => cut(created), timeoutMs);
  try {
    const { rows } = await created.query('SELECT pg_is_in_recovery() AS standby');
    // The code with which it would refuse a write.
    if (rows[0].standby && !standby)
      throw Object.assign(new Error('the server is a standby'), { code: '25006' });
  } finally {
    clearTimeout(timer);
  }
}

/** Bounds the wait for the server to close a connection, which Knex does not. */
function limitDisconnect({ client }: Knex): void {
  const end = client.destroyRawConnection.bind(client);
  client.destroyRawConnection = async (connection: Client) => {
    await Promise.race([end(connection), pause(disconnectTimeoutMs, undefined, { ref: false })]);
    streamOf(connection).destroy();
  };
}

/** A connection that was idle for longer is probed before it is lent. */
const trustedIdleMs = 2000;

/** Timeout of the probe. */
const livenessTimeoutMs = 1000;

/** Tracks which connections to a database are alive. */
export interface ConnectionHealth {
  /** Records that the server has answered on the connection. */
  noteAnswer(connection: Client): void;
  /** Drops all idle connections, because the server is down or no longer the primary. */
  suspectAll(): void;
  /** Whether the connection may be lent. A silently broken one would cost the next request its whole timeout. */
  isAlive(connection: Client): Promise<boolean>;
}

export function createConnectionHealth(timeoutMs: number): ConnectionHealth {
  const answeredAt = new WeakMap<Client, number>();
  const probeMs = timeoutMs === 0 ? livenessTimeoutMs : Math.min(livenessTimeoutMs, timeoutMs / 4);
  let suspectedAt = Number.NEGATIVE_INFINITY;

  return {
    noteAnswer(connection) {
      answeredAt.set(connection, performance.now());
    },
    suspectAll() {
      suspectedAt = performance.now();
    },
    async isAlive(connection) {
      const answered = answeredAt.get(connection) ?? Number.NEGATIVE_INFINITY;
      // A new connection is cheaper than probing each one in turn.
      if (answered < suspectedAt) return false;
      if (performance.now() - answered < trustedIdleMs) return true;
      if (!(await answersWithin(connection, probeMs))) {
        suspectedAt = performance.now();
        return false;
      }
      answeredAt.set(connection, performance.now());
      return true;
    },
  };
}

async function answersWithin(connection: Client, probeMs: number): Promise<boolean> {
  const timer = setTimeout(() => cut(connection), probeMs);
  try {
    await connection.query('SELECT 1');
    return true;
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
  }
}

/** Closes a connection whose server does not answer, without waiting for the kernel's TCP timeout. */
export function cut(connection: Client): void {
  discard(connection);
  const error = new Error('The connection was cut: the server did not answer in time.');
  streamOf(connection).destroy(Object.assign(error, { code: cutCode }));
}

/** Makes Knex's pool replace the connection instead of lending it again. */
export function discard(connection: Client): void {
  (connection as Client & { __knex__disposed?: boolean }).__knex__disposed = true;
}

function streamOf(connection: Client): Socket {
  return (connection as Client & { connection: { stream: Socket } }).connection.stream;
}
