import type { Knex } from 'knex';
import type { TracedRequest } from '../../domain/context.ts';
import type { PoolFigures } from '../../telemetry/storage-metrics.ts';
import type { Dialect } from '../sql/dialect.ts';
import { lease, poolFigures } from './pool.ts';
import { createReadBarrier } from './read-barrier.ts';
import { createReadQueue, type ReadQueue } from './read-queue.ts';
import { retryOnConnectionError } from './retry.ts';

/** Runs SQL on the connections of an open database. */
export interface Engine extends ReadSource {
  /** The writing connection as Knex, for migrations. */
  readonly knex: Knex;
  readonly figures: { readonly readers: PoolFigures; readonly writer: PoolFigures };
  /**
   * Runs work in a transaction on the only writing connection: commits when the work resolves, rolls back when it
   * rejects. The work may await nothing but SQL. Transactions are serialized: see `writes/group-commit.ts`.
   */
  transaction<Result>(work: Work<Result>, options?: TransactionOptions): Promise<Result>;
  /** Runs work on the writing connection outside a transaction, for statements such as VACUUM. */
  maintain<Result>(work: Work<Result>, options?: MaintenanceOptions): Promise<Result>;
  /** The reads that wait for a connection. */
  readonly readLoad: Omit<ReadQueue, 'run'>;
  close(): Promise<void>;
}

/** Runs reads, on the database itself or on a replica. */
export interface ReadSource {
  readonly dialect: Dialect;
  /**
   * Runs work on a reading connection; several run concurrently. The work may only read, and may run again on another
   * connection when the first one fails.
   */
  read<Result>(work: Work<Result>, options?: ReadOptions): Promise<Result>;
}

export interface ReadOptions {
  /** The change-feed position that the state must include; undefined for the newest state. */
  readonly minFeedPosition?: string | undefined;
  /** The traced requests that the read serves. */
  readonly traced?: readonly TracedRequest[] | undefined;
}

export interface TransactionOptions {
  /** Rolls back even when the work resolves, for a dry run. */
  readonly rollBack?: boolean;
  /** The traced requests that the transaction serves. */
  readonly traced?: readonly TracedRequest[] | undefined;
  /** Comment for BEGIN and COMMIT, as in {@link Session.run}. */
  readonly comment?: string | undefined;
}

export interface MaintenanceOptions {
  /** Holds back the reads of this process meanwhile, when a constant stream of them blocks the work. */
  readonly withoutReaders?: boolean;
}

export type Work<Result> = (session: Session) => Promise<Result>;

/** A connection leased for one piece of work. */
export interface Session {
  /**
   * Runs a statement, prepared on its first use on this connection.
   * @param sql uses `?` for each value. The text is the key of the prepared statement.
   * @param comment is appended for the server's views of running statements. The statement is not prepared then.
   */
  run<Row>(sql: string, values: readonly SqlValue[], comment?: string): Promise<Row[]>;
}

/** The values that both drivers bind the same way. */
export type SqlValue = string | number | null;

/**
 * COMMIT failed without an answer, so the transaction may or may not be stored. Repeating it blindly could store it
 * twice.
 */
export class CommitUncertain extends Error {}

/** Operations on the connections of one database driver. */
export interface Driver<Connection> {
  /** How long a read or a transaction may hold a connection; infinite for no limit. */
  readonly leaseTimeoutMs: number;
  /** Closes a connection whose lease has run out, which fails the statement running on it. */
  cut(connection: Connection): void;
  run<Row>(
    connection: Connection,
    sql: string,
    values: readonly SqlValue[],
    comment?: string,
  ): Promise<Row[]>;
  /** Begins a transaction, at the latest with its first statement. */
  begin(connection: Connection, comment?: string): Promise<Session>;
  /** Commits. Resolves only when the database confirms that the transaction is durable. */
  commit(connection: Connection, comment?: string): Promise<void>;
  /** Applies the read timeout to work that runs on the connection. */
  limit<Result>(connection: Connection, work: Promise<Result>): Promise<Result>;
  /** Makes the pool replace the connection instead of lending it again. */
  discard(connection: Connection): void;
}

/** The parts of an engine: a dialect, a driver, a Knex pool with the only writing connection, and one with the readers. */
export interface EngineParts<Connection> {
  readonly dialect: Dialect;
  readonly driver: Driver<Connection>;
  readonly writer: Knex;
  readonly readers: Knex;
}

/**
 * Creates an engine. Knex opens, pools and closes the connections; statements run on them directly, because Knex
 * builds and prepares every statement from scratch.
 */
export function createEngine<Connection>(parts: EngineParts<Connection>): Engine {
  const { dialect, driver, writer, readers } = parts;
  const barrier = createReadBarrier();
  const queue = createReadQueue(readers.client.pool.max);

  function leaseWithRetry<Result>(pool: Knex, work: (connection: Connection) => Promise<Result>) {
    const deadline = performance.now() + driver.leaseTimeoutMs;
    return retryOnConnectionError(() => lease(pool, work, { deadline, cut: driver.cut }), dialect, deadline);
  }

  return {
    dialect,
    knex: writer,
    figures: { readers: poolFigures(readers), writer: poolFigures(writer) },
    readLoad: queue,
    read: (work) =>
      queue.run((started) =>
        barrier.run(() =>
          leaseWithRetry(readers, (connection) => {
            started();
            return driver.limit(connection, runWork(parts, connection, work));
          }),
        ),
      ),
    transaction: (work, options = {}) =>
      leaseWithRetry(writer, (connection) =>
        discardOnFailure(parts, connection, () => runTransaction(parts, connection, work, options)),
      ),
    maintain(work, { withoutReaders = false } = {}) {
      const maintain = () => lease(writer, (connection: Connection) => runWork(parts, connection, work));
      return withoutReaders ? barrier.runExclusive(maintain) : maintain();
    },
    async close() {
      await readers.destroy();
      await writer.destroy();
    },
  };
}

function runWork<Connection, Result>(
  parts: EngineParts<Connection>,
  connection: Connection,
  work: Work<Result>,
): Promise<Result> {
  const session: Session = {
    run: (sql, values, comment) => parts.driver.run(connection, sql, values, comment),
  };
  return discardOnFailure(parts, connection, () => work(session));
}

/** Drops a connection that the database refuses to serve on, because the next connection might reach a new primary. */
async function discardOnFailure<Connection, Result>(
  { dialect, driver }: EngineParts<Connection>,
  connection: Connection,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (dialect.errorMeaning(error) === 'unavailable') driver.discard(connection);
    throw error;
  }
}

async function runTransaction<Connection, Result>(
  parts: EngineParts<Connection>,
  connection: Connection,
  work: Work<Result>,
  { rollBack = false, comment }: TransactionOptions,
): Promise<Result> {
  const session = await parts.driver.begin(connection, comment);
  try {
    const result = await work(session);
    await (rollBack ? session.run('ROLLBACK', [], comment) : commit(parts, connection, comment));
    return result;
  } catch (error) {
    // The first error is the one to report. A connection that cannot roll back is not lent again.
    await session.run('ROLLBACK', []).catch(() => parts.driver.discard(connection));
    throw error;
  }
}

async function commit<Connection>(
  { dialect, driver }: EngineParts<Connection>,
  connection: Connection,
  comment?: string,
): Promise<void> {
  try {
    await driver.commit(connection, comment);
  } catch (error) {
    if (dialect.isRolledBack(error)) throw error;
    throw new CommitUncertain('COMMIT failed', { cause: error });
  }
}

/** Returns the position that satisfies all of these; undefined, for the newest state, if one of them is undefined. */
export function greatestPosition(positions: readonly (string | undefined)[]): string | undefined {
  let greatest = positions[0];
  for (const position of positions) {
    if (greatest === undefined || position === undefined) return undefined;
    if (BigInt(position) > BigInt(greatest)) greatest = position;
  }
  return greatest;
}
