import { createHash } from 'node:crypto';
import type { Client, Connection, Submittable } from 'pg';
import { createEngine, type Driver, type Engine, type SqlValue } from '../engine/engine.ts';
import { StorageProblem } from '../errors.ts';
import { postgres } from './dialect.ts';
import {
  type ConnectionHealth,
  createConnectionHealth,
  cut,
  discard,
  openPool,
  type PostgresOptions,
} from './pool.ts';

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

/** A statement's text as the driver wants it. */
export interface StatementText {
  /** By which the server keeps it prepared; without one it is sent whole each time. */
  readonly name?: string;
  readonly text: string;
}

/** What the driver tells of a result's column. */
interface Field {
  readonly name: string;
  readonly dataTypeID: number;
}

interface Column {
  readonly name: string;
  readonly parse: (text: string) => unknown;
}

/** The columns of each connection's prepared statements. The server holds to them, or fails. */
const described = new WeakMap<Connection, Map<string, readonly Column[]>>();

/**
 * Runs a statement on a connection that runs no other, prepared there by its first run.
 * @param leading a statement without values and rows that goes ahead of it, prepared already: if that fails this one is
 * not run.
 */
export function runStatement<Row>(
  client: Client,
  statement: StatementText,
  values: readonly SqlValue[],
  leading?: StatementText,
): Promise<Row[]> {
  return new Promise<Row[]>((resolve, reject) => {
    client.query(new StatementRun<Row>(client, statement, values, leading?.name, resolve, reject));
  });
}

export function isPreparedOn(client: Client, { name }: StatementText): boolean {
  return isPrepared((client as Client & { readonly connection: Connection }).connection, name);
}

/**
 * One run of a prepared statement, as an object of our own that the driver's client runs, as it does cursors. The
 * driver's `Query` asks for the columns anew each time and makes a dozen objects: measured 24 to 14 microseconds for
 * a statement of one row.
 */
class StatementRun<Row> implements Submittable {
  readonly name: string | undefined;
  readonly text: string;
  readonly #client: Client;
  readonly #values: readonly SqlValue[];
  readonly #leading: string | undefined;
  readonly #resolve: (rows: Row[]) => void;
  readonly #reject: (error: unknown) => void;
  readonly #rows: Row[] = [];
  #columns: readonly Column[] | undefined;
  #connection: Connection | undefined;

  constructor(
    client: Client,
    { name, text }: StatementText,
    values: readonly SqlValue[],
    leading: string | undefined,
    resolve: (rows: Row[]) => void,
    reject: (error: unknown) => void,
  ) {
    this.#client = client;
    this.name = name;
    this.text = text;
    this.#values = values;
    this.#leading = leading;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  /** Sends everything at once. Up to `sync` the server does all of it, or nothing that comes after what fails. */
  submit(connection: Connection): void {
    this.#connection = connection;
    const { name, text } = this;
    connection.stream.cork();
    if (this.#leading !== undefined) {
      bind(connection, this.#leading, []);
      connection.execute(null, true);
    }
    if (!isPrepared(connection, name)) connection.parse({ name: name ?? '', text, types: [] }, true);
    else this.#columns = described.get(connection)?.get(name);
    bind(connection, name ?? '', this.#values);
    if (!this.#columns) connection.describe({ type: 'P' }, true);
    connection.execute(null, true);
    connection.sync();
    connection.stream.uncork();
  }

  handleRowDescription({ fields }: { readonly fields: readonly Field[] }): void {
    this.#columns = fields.map(({ name, dataTypeID }) => ({
      name,
      parse: this.#client.getTypeParser(dataTypeID, 'text'),
    }));
  }

  handleDataRow({ fields }: { readonly fields: readonly (string | null)[] }): void {
    const row: Record<string, unknown> = {};
    const columns = this.#columns ?? [];
    for (let place = 0; place < columns.length; place += 1) {
      const { name, parse } = columns[place] as Column;
      const field = fields[place] ?? null;
      row[name] = field === null ? null : parse(field);
    }
    this.#rows.push(row as Row);
  }

  handleCommandComplete(): void {}

  handleEmptyQuery(): void {}

  handleReadyForQuery(): void {
    if (this.name !== undefined && this.#connection)
      remember(this.#connection, this.name, this.#columns ?? []);
    this.#resolve(this.#rows);
  }

  handleError(error: unknown): void {
    this.#reject(error);
  }
}

function isPrepared(connection: Connection, name: string | undefined): name is string {
  const { parsedStatements } = connection as Connection & {
    readonly parsedStatements: Record<string, string>;
  };
  return name !== undefined && parsedStatements[name] !== undefined;
}

function bind(connection: Connection, statement: string, values: readonly SqlValue[]): void {
  const texts = values.map((value) => (typeof value === 'number' ? String(value) : value));
  connection.bind({ statement, values: texts }, true);
}

function remember(connection: Connection, name: string, columns: readonly Column[]): void {
  const known = described.get(connection) ?? new Map<string, readonly Column[]>();
  described.set(connection, known);
  known.set(name, columns);
}
