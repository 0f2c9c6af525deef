import { createHash } from 'node:crypto';
import type { Client } from 'pg';
import { createEngine, type Driver, type Engine, type SqlValue } from '../engine/engine.ts';
import { postgres } from './dialect.ts';
import {
  type ConnectionHealth,
  createConnectionHealth,
  cut,
  discard,
  openPool,
  type PostgresOptions,
} from './pool.ts';
import { isPreparedOn, runStatement, type StatementText } from './statement.ts';

/** Opens pools on a PostgreSQL database. Connections open on first use. */
export function openPostgres(options: PostgresOptions): Engine {
  const health = createConnectionHealth(options.timeoutMs);
  return createEngine({
    dialect: postgres,
    driver: postgresDriver(options.timeoutMs, health),
    writer: openPool(options, 1, health),
    readers: openPool(options, options.readerConnections, health),
  });
}

/** SQLSTATE read_only_sql_transaction: the primary was demoted. */
const readOnlyCode = '25006';

function postgresDriver(timeoutMs: number, health: ConnectionHealth): Driver<Client> {
  const prepare = createStatementNames();

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
      // Readers must leave a demoted primary too.
      if ((error as { readonly code?: string }).code === readOnlyCode) health.suspectAll();
      // The driver's stack starts at the socket; this one starts at the caller.
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
    run: (connection, sql, values, comment) => run(connection, commented(prepare(sql), comment), values),
    async begin(connection, comment) {
      let begin: StatementText | undefined = commented(prepare(postgres.begin), comment);
      if (!isPreparedOn(connection, begin)) {
        await run(connection, begin, []);
        begin = undefined;
      }
      return {
        run(sql, values, ownComment) {
          const leading = begin;
          begin = undefined;
          return run(connection, commented(prepare(sql), ownComment), values, leading);
        },
      };
    },
    commit,
    // The server enforces `statement_timeout`, and the lease ends if it does not.
    limit: (_connection, work) => work,
    discard,
  };
}

/** Commits, and rejects unless the server confirms that the synchronous standby has the transaction. */
async function commit(connection: Client, comment?: string): Promise<void> {
  const notices: (string | undefined)[] = [];
  const note = ({ code }: { code: string | undefined }) => notices.push(code);
  connection.on('notice', note);
  const { command } = await connection
    .query(commented({ text: 'COMMIT' }, comment))
    .finally(() => connection.off('notice', note));
  if (command !== 'COMMIT') throw new Error(`COMMIT was answered with ${command}.`);
  // A cancel or a shutdown ended the wait for the standby: the transaction is stored here, but a failover could lose it.
  if (notices.includes('01000')) throw new Error('COMMIT was not confirmed by the synchronous standby.');
}

/** Beyond this many statements the rest runs unprepared: each one takes memory of every server process. */
const preparedStatementsMax = 500;

/** Creates a function that translates SQL for the driver, with `$1` for `?`, and names it for preparation. */
function createStatementNames(): (sql: string) => StatementText {
  const statements = new Map<string, StatementText>();
  return (sql) => {
    const known = statements.get(sql);
    if (known) return known;
    let count = 0;
    const text = sql.replace(/\?/g, () => `$${++count}`);
    if (statements.size >= preparedStatementsMax) return { text };
    const name = createHash('sha256').update(text).digest('base64url').slice(0, 32);
    statements.set(sql, { name, text });
    return { name, text };
  };
}

/** Appends the comment and drops the name: each comment is different and would stay prepared on the server. */
function commented(statement: StatementText, comment: string | undefined): StatementText {
  return comment === undefined ? statement : { text: `${statement.text} ${comment}` };
}
