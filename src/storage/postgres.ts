import { createHash } from 'node:crypto';
import type { Socket } from 'node:net';
import knexFactory, { type Knex } from 'knex';
import type { Client, QueryConfig, QueryResult } from 'pg';
import { postgres } from './dialect.ts';
import type { Driver, Engine, SqlValue } from './engine.ts';
import { createEngine } from './engine.ts';
import { quietLog } from './knex-log.ts';
import { StorageProblem } from './storage-problem.ts';

export interface PostgresOptions {
  readonly url: string;
  /** Reading connections beside the one that writes. */
  readonly readerConnections: number;
  /** How long a statement may run; 0 for as long as it takes. */
  readonly timeoutMs: number;
}

/** Opens a pool on a PostgreSQL database; connections are made when first needed. */
export function openPostgres({ url, readerConnections, timeoutMs }: PostgresOptions): Engine {
  return createEngine({
    dialect: postgres,
    driver: postgresDriver(timeoutMs),
    writer: pool(url, 1, timeoutMs),
    readers: pool(url, readerConnections, timeoutMs),
  });
}

const connectTimeoutMs = 5000;

function pool(url: string, connections: number, timeoutMs: number): Knex {
  // Knex's type does not know lock_timeout; the driver does.
  const connection: Knex.PgConnectionConfig & { readonly lock_timeout: number } = {
    connectionString: url,
    application_name: 'customers',
    connectionTimeoutMillis: connectTimeoutMs,
    keepAlive: true,
    statement_timeout: timeoutMs,
    // Waiting for another instance's row or key ends before the caller's own deadline.
    lock_timeout: Math.ceil(timeoutMs / 2),
    idle_in_transaction_session_timeout: timeoutMs * 2,
  };
  return knexFactory({
    client: 'pg',
    connection,
    compileSqlOnError: false,
    log: quietLog,
    acquireConnectionTimeout: timeoutMs || 60_000,
    pool: { min: 0, max: connections },
  });
}

/** Beyond this many different statements the rest runs unprepared: each one costs the server memory. */
const preparedStatementsMax = 500;

function postgresDriver(timeoutMs: number): Driver<Client> {
  const statements = new Map<string, { readonly name?: string; readonly text: string }>();

  function statement(sql: string) {
    const known = statements.get(sql);
    if (known) return known;
    let count = 0;
    const text = sql.replace(/\?/g, () => `$${++count}`);
    if (statements.size >= preparedStatementsMax) return { text };
    const name = createHash('sha256').update(text).digest('base64url').slice(0, 32);
    statements.set(sql, { name, text });
    return { name, text };
  }

  async function query(connection: Client, config: QueryConfig): Promise<QueryResult> {
    const timer = timeoutMs === 0 ? undefined : setTimeout(() => cut(connection), timeoutMs + cutGraceMs);
    try {
      return await connection.query(config);
    } finally {
      clearTimeout(timer);
    }
  }

  return {
    async run<Row>(connection: Client, sql: string, values: readonly SqlValue[]) {
      const { rows } = await query(connection, { ...statement(sql), values: [...values] });
      return rows as Row[];
    },
    async commit(connection) {
      const notices: (string | undefined)[] = [];
      const note = ({ code }: { code: string | undefined }) => notices.push(code);
      connection.on('notice', note);
      const { command } = await query(connection, { text: 'COMMIT' }).finally(() =>
        connection.off('notice', note),
      );
      if (command !== 'COMMIT') throw new Error(`COMMIT was answered with ${command}.`);
      // The wait for a synchronous standby was given up: stored here, but a failover could lose it.
      if (notices.includes('01000')) throw new Error('COMMIT was not confirmed by the synchronous standby.');
    },
    // The server's statement_timeout bounds it, and `cut` where the server does not answer.
    limit: (_connection, work) => work,
    discard,
  };
}

/** How much later than the server we give up: it should be the first, for its error says more. */
const cutGraceMs = 500;

/** Ends a connection whose server does not answer: waiting on it would last until the kernel gives up. */
function cut(connection: Client): void {
  discard(connection);
  const { stream } = (connection as Client & { connection: { stream: Socket } }).connection;
  stream.destroy(new Error('The connection was cut: the server did not answer in time.'));
}

/** Knex's pool asks for this mark before it lends a connection. */
function discard(connection: Client): void {
  (connection as Client & { __knex__disposed?: boolean }).__knex__disposed = true;
}

/** Serializes migrations of one database. Any number will do that nobody else uses. */
const migrationLock = 7_215_304_411;

/** Runs work while no other process does the like. The lock is the session's: it goes when that goes. */
export async function withAdvisoryLock<Result>(engine: Engine, work: () => Promise<Result>): Promise<Result> {
  return engine.read(async (session) => {
    await session.run('SELECT pg_advisory_lock(?)', [migrationLock]);
    try {
      return await work();
    } finally {
      await session.run('SELECT pg_advisory_unlock(?)', [migrationLock]);
    }
  });
}

/** Keeps a second `customers move` away from the same target. Any other number will do. */
const moveLock = 7_215_304_412;

/** Runs work unless another move has the lock, which ends with its session. */
export async function tryAdvisoryLock<Result>(
  engine: Engine,
  work: () => Promise<Result>,
): Promise<{ readonly result: Result } | undefined> {
  return engine.read(async (session) => {
    const sql = 'SELECT pg_try_advisory_lock(?) AS taken';
    const [row] = await session.run<{ taken: boolean }>(sql, [moveLock]);
    return row?.taken ? { result: await work() } : undefined;
  });
}

const oldestServerVersion = 140000;

/** @throws StorageProblem for a server or a database that would not keep text as it was sent. */
export async function checkServer(engine: Engine): Promise<void> {
  const [row] = await engine.read((session) =>
    session.run<{ encoding: string; version: string; synchronous_commit: string }>(
      "SELECT current_setting('server_encoding') AS encoding, current_setting('server_version_num') AS version, " +
        "current_setting('synchronous_commit') AS synchronous_commit",
      [],
    ),
  );
  if (Number(row?.version) < oldestServerVersion)
    throw new StorageProblem('PostgreSQL 14 or newer is needed.');
  if (row?.synchronous_commit === 'off') {
    throw new StorageProblem(
      'synchronous_commit is off: a crash could lose acknowledged writes. Set it to on.',
    );
  }
  if (row?.encoding !== 'UTF8') {
    throw new StorageProblem(
      `the database has the encoding ${row?.encoding}. Create it with: CREATE DATABASE ... ENCODING 'UTF8' TEMPLATE template0`,
    );
  }
}
