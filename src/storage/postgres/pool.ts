import type { Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import knexFactory, { type Knex } from 'knex';
import type { Client } from 'pg';
import { quietLog } from '../sqlite/driver.ts';
import { cutCode } from './dialect.ts';

export interface PostgresOptions {
  readonly url: string;
  /** Reading connections beside the one that writes. */
  readonly readerConnections: number;
  /** How long a statement may run; 0 for as long as it takes. */
  readonly timeoutMs: number;
  /** A standby is refused unless one was asked for; absent: false. */
  readonly standby?: boolean;
}

/** A server that takes longer is as good as down, and a new primary may be at its address in a moment. */
const connectTimeoutMs = 3000;

/** How long a server may take to answer our goodbye. */
const goodbyeTimeoutMs = 1000;

/** How long a connection is silent before the system looks for its other end, each second, ten times. */
const keepAliveDelayMs = 5000;

/** Knex's pool of so many connections. */
export function openPool(
  { url, timeoutMs, standby = false }: PostgresOptions,
  connections: number,
  health: ConnectionHealth,
): Knex {
  const patienceMs = timeoutMs === 0 ? connectTimeoutMs : Math.min(connectTimeoutMs, timeoutMs);
  // Knex's type does not know these two; the driver does.
  const connection: Knex.PgConnectionConfig & {
    readonly lock_timeout: number;
    readonly keepAliveInitialDelayMillis: number;
  } = {
    connectionString: url,
    application_name: 'customers',
    connectionTimeoutMillis: patienceMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: keepAliveDelayMs,
    // Sooner than a lease ends: the server's own word leaves the connection good.
    statement_timeout: Math.floor(timeoutMs * 0.95),
    // Waiting for another instance's row or key ends before the caller's own deadline.
    lock_timeout: Math.ceil(timeoutMs / 2),
    idle_in_transaction_session_timeout: timeoutMs * 2,
  };
  const pool = knexFactory({
    client: 'pg',
    connection,
    // Knex asks for it otherwise, without a deadline, and makes no difference between those that we support.
    version: '14',
    compileSqlOnError: false,
    log: quietLog,
    acquireConnectionTimeout: timeoutMs || 60_000,
    pool: {
      min: 0,
      max: connections,
      afterCreate(created: Client, done: (error?: unknown) => void) {
        assertServes(created, standby, patienceMs).then(
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
  boundGoodbye(pool);
  return pool;
}

/**
 * Refuses a standby, where a name or an address may lead for a moment in a failover: what is read there is stale, and
 * nobody would notice.
 */
async function assertServes(created: Client, standby: boolean, patienceMs: number): Promise<void> {
  const timer = setTimeout(() => cut(created), patienceMs);
  try {
    const { rows } = await created.query('SELECT pg_is_in_recovery() AS standby');
    // The code for what only reads, as its own refusal of a write would have.
    if (rows[0].standby && !standby)
      throw Object.assign(new Error('the server is a standby'), { code: '25006' });
  } finally {
    clearTimeout(timer);
  }
}

/** Knex waits for the server to close the connection, and a server that is gone never does. */
function boundGoodbye({ client }: Knex): void {
  const end = client.destroyRawConnection.bind(client);
  client.destroyRawConnection = async (connection: Client) => {
    await Promise.race([end(connection), pause(goodbyeTimeoutMs, undefined, { ref: false })]);
    streamOf(connection).destroy();
  };
}

/** A connection that was idle for longer is asked whether it still lives before it is lent. */
const trustedIdleMs = 2000;

/** How long it may take to answer that. */
const livenessTimeoutMs = 1000;

/** What is known of the connections to one database. */
export interface ConnectionHealth {
  /** The server has answered on it. */
  noteAnswer(connection: Client): void;
  /** A server is gone, or is not the primary any more: no connection is lent that has answered nothing since. */
  suspectAll(): void;
  /** Whether the connection may be lent. One that died without a word would cost its next user a whole deadline. */
  isAlive(connection: Client): Promise<boolean>;
}

export function createConnectionHealth(timeoutMs: number): ConnectionHealth {
  const answeredAt = new WeakMap<Client, number>();
  const patienceMs = timeoutMs === 0 ? livenessTimeoutMs : Math.min(livenessTimeoutMs, timeoutMs / 4);
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
      // Not asked one by one, which would take its time for each of them: a new one costs little.
      if (answered < suspectedAt) return false;
      if (performance.now() - answered < trustedIdleMs) return true;
      if (!(await answersWithin(connection, patienceMs))) {
        suspectedAt = performance.now();
        return false;
      }
      answeredAt.set(connection, performance.now());
      return true;
    },
  };
}

async function answersWithin(connection: Client, patienceMs: number): Promise<boolean> {
  const timer = setTimeout(() => cut(connection), patienceMs);
  try {
    await connection.query('SELECT 1');
    return true;
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
  }
}

/** Ends a connection whose server does not answer: waiting on it would last until the kernel gives up. */
export function cut(connection: Client): void {
  discard(connection);
  const error = new Error('The connection was cut: the server did not answer in time.');
  streamOf(connection).destroy(Object.assign(error, { code: cutCode }));
}

/** Knex's pool asks for this mark before it lends a connection. */
export function discard(connection: Client): void {
  (connection as Client & { __knex__disposed?: boolean }).__knex__disposed = true;
}

export function streamOf(connection: Client): Socket {
  return (connection as Client & { connection: { stream: Socket } }).connection.stream;
}
