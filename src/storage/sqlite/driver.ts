import knexFactory, { type Knex } from 'knex';
import type { Database, Statement } from 'sqlite3';
import { createEngine, type Driver, type Engine, type SqlValue } from '../engine/engine.ts';
import { quietLog } from '../engine/pool.ts';
import { sqlite } from './dialect.ts';
import { guardFileIdentity } from './file-identity.ts';

/** libuv's thread pool must be large enough for all readers and the writer: see `UV_THREADPOOL_SIZE`. */
const readerConnections = 4;

/** Prepared statements that a connection keeps; the least recently used one is dropped. */
const preparedStatementsMax = 200;

export interface SqliteOptions {
  readonly file: string;
  /** How long a read may run; 0 for no limit. */
  readonly timeoutMs: number;
}

/** Opens a SQLite file, or creates it. Only this file calls the sqlite3 driver (ADR 0006). */
export function openSqlite({ file, timeoutMs }: SqliteOptions): Engine {
  const engine = createEngine({
    dialect: sqlite,
    driver: sqliteDriver(timeoutMs),
    writer: sqlitePool({ file, connections: 1, timeoutMs, pragmas: writerPragmas }),
    readers: sqlitePool({ file, connections: readerConnections, timeoutMs, pragmas: readerPragmas }),
  });
  return guardFileIdentity(engine, file);
}

/** Opens all reading connections now, as `guardFileIdentity` requires. */
export async function openReaders(engine: Engine): Promise<void> {
  const reads = Array.from({ length: readerConnections }, () =>
    engine.read((session) => session.run('SELECT 1 FROM sqlite_schema LIMIT 1', [])),
  );
  await Promise.all(reads);
}

const commonPragmas = [
  // How long a statement waits for a lock of another process before SQLITE_BUSY.
  'busy_timeout = 2000',
  // Do not run functions from a schema that may have been tampered with.
  'trusted_schema = OFF',
  'foreign_keys = ON',
];

/** Negative cache sizes are in KiB. */
const writerPragmas = [
  ...commonPragmas,
  'cache_size = -32768',
  'journal_mode = WAL',
  // Fsync before a write is acknowledged. Set explicitly: some builds default to NORMAL.
  'synchronous = FULL',
  'journal_size_limit = 67108864',
  // Overwrite deleted content with zeros.
  'secure_delete = ON',
];

const readerPragmas = [...commonPragmas, 'query_only = ON', 'cache_size = -65536'];

export interface SqlitePoolOptions {
  /** A path, or a URI with the flag OPEN_URI. */
  readonly file: string;
  readonly connections: number;
  /** How long to wait for a free connection; 0 for no limit. */
  readonly timeoutMs: number;
  readonly pragmas: readonly string[];
  /** Names of SQLite's open flags. */
  readonly flags?: readonly string[];
}

/** The wait for a free connection where there is no limit: Knex requires one. */
const unboundedAcquireMs = 60_000;

/** Creates a Knex pool on a SQLite file. Connections open on first use and stay open. */
export function sqlitePool({ file, connections, timeoutMs, pragmas, flags }: SqlitePoolOptions): Knex {
  return knexFactory({
    client: 'sqlite3',
    connection: { filename: file, ...(flags ? { flags: [...flags] } : {}) },
    useNullAsDefault: true,
    compileSqlOnError: false,
    log: quietLog,
    acquireConnectionTimeout: timeoutMs || unboundedAcquireMs,
    pool: {
      min: 0,
      max: connections,
      idleTimeoutMillis: 2 ** 31 - 1,
      afterCreate(connection: Database, done: (error: Error | null) => void) {
        finalizeBeforeClose(connection);
        connection.exec(pragmas.map((pragma) => `PRAGMA ${pragma};`).join('\n'), done);
      },
    },
  });
}

/** The prepared statements of each connection, by SQL text. */
const statements = new WeakMap<Database, Map<string, Statement>>();

/** Finalizes statements first: with one left, SQLite neither checkpoints nor closes its files. */
function finalizeBeforeClose(connection: Database): void {
  const close = connection.close.bind(connection);
  connection.close = (callback) => {
    for (const statement of statements.get(connection)?.values() ?? []) statement.finalize();
    statements.delete(connection);
    close(callback);
  };
}

/** How often a read past its timeout is interrupted. An interrupt between two statements has no effect. */
const interruptIntervalMs = 50;

function sqliteDriver(timeoutMs: number): Driver<Database> {
  return {
    // `limit` bounds reads. Writes wait for the file at most `busy_timeout`.
    leaseTimeoutMs: Number.POSITIVE_INFINITY,
    cut() {},
    run,
    async begin(connection) {
      await run(connection, sqlite.begin, []);
      return { run: (sql, values) => run(connection, sql, values) };
    },
    async commit(connection) {
      await run(connection, 'COMMIT', []);
    },
    async limit(connection, work) {
      if (timeoutMs === 0) return work;
      const interrupt = () => {
        connection.interrupt();
        timer = setTimeout(interrupt, interruptIntervalMs);
      };
      let timer = setTimeout(interrupt, timeoutMs);
      return work.finally(() => clearTimeout(timer));
    },
    // Errors come from the file, so a new connection would not help.
    discard() {},
  };
}

async function run<Row>(connection: Database, sql: string, values: readonly SqlValue[]): Promise<Row[]> {
  const statement = await preparedStatement(connection, sql);
  return new Promise((resolve, reject) => {
    statement.all<Row>(values, (error, rows) => (error ? reject(error) : resolve(rows)));
  });
}

async function preparedStatement(connection: Database, sql: string): Promise<Statement> {
  const known = statements.get(connection) ?? new Map<string, Statement>();
  statements.set(connection, known);
  const statement = known.get(sql) ?? (await prepare(connection, sql));
  // Reinserted, so that the map is ordered by last use.
  known.delete(sql);
  known.set(sql, statement);
  if (known.size > preparedStatementsMax) dropLeastRecent(known);
  return statement;
}

function prepare(connection: Database, sql: string): Promise<Statement> {
  return new Promise((resolve, reject) => {
    const statement = connection.prepare(sql, (error: Error | null) =>
      error ? reject(error) : resolve(statement),
    );
  });
}

function dropLeastRecent(known: Map<string, Statement>): void {
  for (const [sql, statement] of known) {
    known.delete(sql);
    statement.finalize();
    return;
  }
}
