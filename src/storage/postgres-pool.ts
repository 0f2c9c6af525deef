import { setTimeout as pause } from 'node:timers/promises';
import knexFactory, { type Knex } from 'knex';
import type { Client } from 'pg';
import { quietLog } from './knex-log.ts';
import { type ConnectionHealth, cut, streamOf } from './postgres-connections.ts';

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
