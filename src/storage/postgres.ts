import { createHash } from 'node:crypto';
import type { Client } from 'pg';
import { postgres } from './dialect.ts';
import type { Driver, Engine, SqlValue } from './engine.ts';
import { createEngine } from './engine.ts';
import { type ConnectionHealth, createConnectionHealth, cut, discard } from './postgres-connections.ts';
import { openPool, type PostgresOptions } from './postgres-pool.ts';
import { isPreparedOn, runStatement, type StatementText } from './postgres-statement.ts';
import { StorageProblem } from './storage-problem.ts';

/** Opens a pool on a PostgreSQL database; connections are made when first needed. */
export function openPostgres(options: PostgresOptions): Engine {
  const health = createConnectionHealth(options.timeoutMs);
  return createEngine({
    dialect: postgres,
    driver: postgresDriver(options.timeoutMs, health),
    writer: openPool(options, 1, health),
    readers: openPool(options, options.readerConnections, health),
  });
}

/** What a primary answers that was demoted: those that read from it must leave it too. */
const readOnly = '25006';

/** Beyond this many different statements the rest runs unprepared: each one costs the server memory. */
const preparedStatementsMax = 500;

function postgresDriver(timeoutMs: number, health: ConnectionHealth): Driver<Client> {
  const statements = new Map<string, StatementText>();

  function statement(sql: string): StatementText {
    const known = statements.get(sql);
    if (known) return known;
    let count = 0;
    const text = sql.replace(/\?/g, () => `$${++count}`);
    if (statements.size >= preparedStatementsMax) return { text };
    const name = createHash('sha256').update(text).digest('base64url').slice(0, 32);
    statements.set(sql, { name, text });
    return { name, text };
  }

  async function run<Row>(
    connection: Client,
    text: StatementText,
    values: readonly SqlValue[],
    leading?: StatementText,
  ): Promise<Row[]> {
    try {
      const rows = await runStatement<Row>(connection, text, values, leading);
      health.noteAnswer(connection);
      return rows;
    } catch (error) {
      if ((error as { readonly code?: string }).code === readOnly) health.suspectAll();
      // Its own leads to the socket; this one to whoever ran the statement.
      if (error instanceof Error) Error.captureStackTrace(error);
      throw error;
    }
  }

  return {
    leaseTimeoutMs: timeoutMs || Number.POSITIVE_INFINITY,
    cut(connection) {
      health.suspectAll();
      cut(connection);
    },
    run: (connection, sql, values, comment) => run(connection, commented(statement(sql), comment), values),
    async begin(connection, comment) {
      let begin: StatementText | undefined = commented(statement(postgres.begin), comment);
      if (!isPreparedOn(connection, begin)) {
        await run(connection, begin, []);
        begin = undefined;
      }
      return {
        run(sql, values, own) {
          const leading = begin;
          begin = undefined;
          return run(connection, commented(statement(sql), own), values, leading);
        },
      };
    },
    async commit(connection, comment) {
      const notices: (string | undefined)[] = [];
      const note = ({ code }: { code: string | undefined }) => notices.push(code);
      connection.on('notice', note);
      const { command } = await connection
        .query(commented({ text: 'COMMIT' }, comment))
        .finally(() => connection.off('notice', note));
      if (command !== 'COMMIT') throw new Error(`COMMIT was answered with ${command}.`);
      // An operator, or a shutdown, has ended the wait for the synchronous standby: stored here, but a failover could
      // lose it. (statement_timeout does not: PostgreSQL switches it off before it commits.)
      if (notices.includes('01000')) throw new Error('COMMIT was not confirmed by the synchronous standby.');
    },
    // The server's statement_timeout bounds it, and `cut` where the server does not answer.
    limit: (_connection, work) => work,
    discard,
  };
}

/** Without a name: prepared, each of its texts would stay on the server for good. */
function commented(statement: StatementText, comment: string | undefined): StatementText {
  return comment === undefined ? statement : { text: `${statement.text} ${comment}` };
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
