import { statSync } from 'node:fs';
import knexFactory, { type Knex } from 'knex';
import type { Database, Statement } from 'sqlite3';
import { CommitUncertain, createEngine, type Driver, type Engine, type SqlValue } from '../engine/engine.ts';
import { sqlite } from './dialect.ts';

/** Readers beside the one writer. libuv's thread pool must hold them all: see `package.json` scripts. */
const sqliteReaderConnections = 4;

/** How many prepared statements a connection keeps; the least recently used makes room. */
const preparedStatementsMax = 200;

export interface SqliteOptions {
  readonly file: string;
  /** How long a reading statement may run; 0 for as long as it takes. */
  readonly timeoutMs: number;
}

/**
 * Opens a SQLite file, creating it where there is none. This file alone knows the driver: another SQLite
 * driver for Knex needs a change here only.
 */
export function openSqlite({ file, timeoutMs }: SqliteOptions): Engine {
  const engine = createEngine({
    dialect: sqlite,
    driver: sqliteDriver(timeoutMs),
    writer: sqlitePool(file, 1, timeoutMs, writerPragmas),
    readers: sqlitePool(file, sqliteReaderConnections, timeoutMs, readerPragmas),
  });
  return keepInPlace(engine, file);
}

/** Opens every connection that reads, so that none is opened later: see `file-place.ts`. */
export async function openReaders(engine: Engine): Promise<void> {
  const reads = Array.from({ length: sqliteReaderConnections }, () =>
    engine.read((session) => session.run('SELECT 1 FROM sqlite_schema LIMIT 1', [])),
  );
  await Promise.all(reads);
}

/** Knex knows no endless wait. */
const unboundedAcquireMs = 60_000;

const commonPragmas = [
  // A statement that finds the file locked by another process waits this long before SQLITE_BUSY.
  'busy_timeout = 2000',
  // Functions of a schema that somebody tampered with must not run.
  'trusted_schema = OFF',
  'foreign_keys = ON',
];

const writerPragmas = [
  ...commonPragmas,
  // In kilobytes. With 64 MB an import took 5 to 8% less CPU time, and passed 200 MB of memory.
  'cache_size = -32768',
  'journal_mode = WAL',
  // Acknowledged means fsynced. Never left to a default: some builds default to NORMAL.
  'synchronous = FULL',
  'journal_size_limit = 67108864',
  // Erased text must not stay in free pages.
  'secure_delete = ON',
];

const readerPragmas = [...commonPragmas, 'query_only = ON', 'cache_size = -65536'];

/** Connections to a SQLite file, opened when first needed and kept until the pool is destroyed. */
export function sqlitePool(
  filename: string,
  connections: number,
  timeoutMs: number,
  pragmas: readonly string[],
  flags?: readonly string[],
): Knex {
  return knexFactory({
    client: 'sqlite3',
    connection: { filename, ...(flags ? { flags: [...flags] } : {}) },
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

/** The prepared statements of each connection by their text. */
const statements = new WeakMap<Database, Map<string, Statement>>();

/** SQLite does not close a connection that has statements left: no checkpoint, and the files stay open. */
function finalizeBeforeClose(connection: Database): void {
  const close = connection.close.bind(connection);
  connection.close = (callback) => {
    for (const statement of statements.get(connection)?.values() ?? []) statement.finalize();
    statements.delete(connection);
    close(callback);
  };
}

/** How often a reader that ran out of time is interrupted: in vain while it is between two statements. */
const interruptIntervalMs = 50;

function sqliteDriver(timeoutMs: number): Driver<Database> {
  async function prepared(connection: Database, sql: string): Promise<Statement> {
    const known = statements.get(connection) ?? new Map<string, Statement>();
    statements.set(connection, known);
    const statement = known.get(sql) ?? (await prepare(connection, sql));
    known.delete(sql);
    known.set(sql, statement);
    if (known.size > preparedStatementsMax) forgetOldest(known);
    return statement;
  }

  async function run<Row>(connection: Database, sql: string, values: readonly SqlValue[]): Promise<Row[]> {
    const statement = await prepared(connection, sql);
    return new Promise((resolve, reject) => {
      statement.all<Row>(values, (error, rows) => (error ? reject(error) : resolve(rows)));
    });
  }

  return {
    // Reads are limited below. What writes waits for the file, and no longer than its `busy_timeout`.
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
    // A file's connection does not go bad: what failed was the file, and the next statement tries it again.
    discard() {},
  };
}

function prepare(connection: Database, sql: string): Promise<Statement> {
  return new Promise((resolve, reject) => {
    const statement = connection.prepare(sql, (error: Error | null) =>
      error ? reject(error) : resolve(statement),
    );
  });
}

function forgetOldest(known: Map<string, Statement>): void {
  for (const [sql, statement] of known) {
    known.delete(sql);
    statement.finalize();
    return;
  }
}

/** Knex would print SQL with its values: what matters reaches us as an error anyway. */
export const quietLog = {
  warn() {},
  error() {},
  debug() {},
  deprecate() {},
};

/** A database file stands no longer where it was opened. */
export class FileMoved extends Error {
  /** What SQLite itself says of it where it looks, which in WAL mode it does not. */
  readonly code = 'SQLITE_READONLY';

  constructor() {
    super('The database file, or its write-ahead log, was moved, replaced or deleted while it is served.');
  }
}

/** How long a look is good for reads. */
const lookTrustedMs = 10;

/**
 * Serves nothing from a file that was moved, replaced or deleted. What is written to it would be gone with the
 * process, and what is read may lack all that stands in the log: a connection that reads for the first time finds no
 * log beside a file that is gone, and takes the database for what it was at its last checkpoint.
 *
 * Looking is synchronous, 11 microseconds, since asking in the background would take a turn of the event loop. A
 * transaction looks before and after. A read goes by a look that is a moment old: it would have been answered the same
 * had it come that moment earlier, for all connections that read are open from the start.
 */
export function keepInPlace(engine: Engine, file: string): Engine {
  const known = new Map<string, string>();
  let lookedAt = Number.NEGATIVE_INFINITY;

  /** The file that is there when it is first looked at is the one; so is its log, when there is one. */
  function assertInPlace(): void {
    for (const path of [file, `${file}-wal`]) {
      const identity = identityOf(path);
      const before = known.get(path);
      if (before === undefined && identity !== undefined) known.set(path, identity);
      else if (identity !== before) throw new FileMoved();
    }
    lookedAt = performance.now();
  }

  return {
    ...engine,
    async read(work) {
      if (performance.now() - lookedAt > lookTrustedMs) assertInPlace();
      return engine.read(work);
    },
    async transaction(work, options) {
      assertInPlace();
      const result = await engine.transaction(work, options);
      try {
        // Again, so that nothing is acknowledged that went into a file that nobody finds.
        assertInPlace();
      } catch (cause) {
        throw new CommitUncertain('COMMIT went into a file that is no longer there', { cause });
      }
      return result;
    },
    async maintain(work, options) {
      assertInPlace();
      return engine.maintain(work, options);
    },
  };
}

function identityOf(path: string): string | undefined {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stats && `${stats.dev} ${stats.ino}`;
}
