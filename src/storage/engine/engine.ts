import { setTimeout as pause } from 'node:timers/promises';
import type { Knex } from 'knex';
import type { TracedRequest } from '../../domain/context.ts';
import { within } from '../../runtime/with-timeout.ts';
import type { PoolFigures } from '../../telemetry/storage-metrics.ts';
import type { Dialect, ErrorDialect } from '../sql/dialect.ts';
import { createReadGate, createReadLine, type ReadLine } from './read-queue.ts';

/** The values that both drivers bind alike. Anything else is turned into one of these first. */
export type SqlValue = string | number | null;

/** One connection while it is leased to us. */
export interface Session {
  /**
   * Runs a statement, prepared on its first use on this connection.
   * @param sql text with `?` for each value; the text is the key of the prepared statement.
   * @param comment is put behind it where the server shows comments; it is not prepared then.
   */
  run<Row>(sql: string, values: readonly SqlValue[], comment?: string): Promise<Row[]>;
}

/**
 * COMMIT failed, as when the connection broke after it was sent: the transaction may or may not be stored. It
 * must not be repeated blindly.
 */
export class CommitUncertain extends Error {}

export type Work<Result> = (session: Session) => Promise<Result>;

export interface ReadOptions {
  /** The position of the feed that the state must include; undefined for the newest state. */
  readonly minFeedPosition?: string | undefined;
  /** The recorded requests that it is for. */
  readonly served?: readonly TracedRequest[] | undefined;
}

export interface TransactionOptions {
  /** Roll back also when the work resolves: it was only to find out what would be. */
  readonly rollBack?: boolean;
  /** The recorded requests that it is for. */
  readonly served?: readonly TracedRequest[] | undefined;
  /** As of {@link Session.run}, for what begins and ends the transaction. */
  readonly comment?: string | undefined;
}

export interface MaintenanceOptions {
  /** Keep reads of this process back meanwhile, for a moment: under many of them their turn never comes. */
  readonly withoutReaders?: boolean;
}

/** A database of either kind. */
export interface Engine {
  readonly dialect: Dialect;
  /** The connection that writes, as Knex, for migrations. */
  readonly knex: Knex;
  readonly figures: { readonly readers: PoolFigures; readonly writer: PoolFigures };
  /**
   * Runs work on a reading connection; several run side by side. Work is run again, here and in a transaction,
   * where the connection was lost before anything was stored.
   */
  read<Result>(work: Work<Result>, options?: ReadOptions): Promise<Result>;
  /**
   * Runs work in a write transaction on the one writing connection: commits when it resolves, rolls back
   * when it rejects. Nothing but SQL may be awaited inside. Callers take turns: see `group-commit.ts`.
   */
  transaction<Result>(work: Work<Result>, options?: TransactionOptions): Promise<Result>;
  /** Runs work on the writing connection outside of any transaction, where some statements have to be. */
  maintain<Result>(work: Work<Result>, options?: MaintenanceOptions): Promise<Result>;
  /** The reads that wait for a connection. */
  readonly readLoad: Omit<ReadLine, 'pass'>;
  close(): Promise<void>;
}

/** How an engine talks to a driver's own connection. */
export interface Driver<Connection> {
  /** How long a connection may be leased for a read or a transaction; infinite for as long as it takes. */
  readonly leaseTimeoutMs: number;
  /** Ends a connection whose lease has run out, and with it what it waits for. */
  cut(connection: Connection): void;
  run<Row>(
    connection: Connection,
    sql: string,
    values: readonly SqlValue[],
    comment?: string,
  ): Promise<Row[]>;
  /** Statements in a new transaction, which begins with the first of them at the latest. */
  begin(connection: Connection, comment?: string): Promise<Session>;
  /** Ends the transaction; resolves only when the database says that it is stored. */
  commit(connection: Connection, comment?: string): Promise<void>;
  /** Bounds what the connection does for a reader: resolves or rejects with the work. */
  limit<Result>(connection: Connection, work: Promise<Result>): Promise<Result>;
  /** Makes the pool replace the connection instead of lending it again. */
  discard(connection: Connection): void;
}

/**
 * An engine over two Knex pools: one connection that writes, and several that read. Knex opens, pools and
 * closes connections; statements run on them directly, for building and preparing each anew costs more than
 * running it.
 */
export function createEngine<Connection>(parts: {
  readonly dialect: Dialect;
  readonly driver: Driver<Connection>;
  readonly writer: Knex;
  readonly readers: Knex;
}): Engine {
  const { dialect, driver, writer, readers } = parts;
  const gate = createReadGate();
  const line = createReadLine(readers.client.pool.max);

  /** Leases a connection until the deadline, and another one where the fault was the connection's. */
  function leaseServing<Result>(pool: Knex, work: (connection: Connection) => Promise<Result>) {
    const deadline = performance.now() + driver.leaseTimeoutMs;
    return repeatOnFault(() => lease(pool, work, { deadline, cut: driver.cut }), dialect, deadline);
  }

  function sessionOn(connection: Connection): Session {
    return { run: (sql, values, comment) => driver.run(connection, sql, values, comment) };
  }

  /** A connection that the database will not serve on is not lent again: a new one may reach a new primary. */
  async function guarded<Result>(connection: Connection, work: Work<Result>): Promise<Result> {
    try {
      return await work(sessionOn(connection));
    } catch (error) {
      if (dialect.errorMeaning(error) === 'unavailable') driver.discard(connection);
      throw error;
    }
  }

  async function commitOrRollBack<Result>(
    connection: Connection,
    work: Work<Result>,
    { rollBack = false, comment }: TransactionOptions,
  ): Promise<Result> {
    const session = await driver.begin(connection, comment);
    try {
      const result = await work(session);
      await (rollBack ? session.run('ROLLBACK', [], comment) : commit(connection, comment));
      return result;
    } catch (error) {
      // The error that matters is the first. A connection that cannot even roll back is not lent again.
      await session.run('ROLLBACK', []).catch(() => driver.discard(connection));
      throw error;
    }
  }

  async function commit(connection: Connection, comment?: string): Promise<void> {
    try {
      await driver.commit(connection, comment);
    } catch (error) {
      if (dialect.isRolledBack(error)) throw error;
      throw new CommitUncertain('COMMIT failed', { cause: error });
    }
  }

  return {
    dialect,
    knex: writer,
    figures: { readers: figuresOf(readers), writer: figuresOf(writer) },
    readLoad: line,
    read: (work) =>
      line.pass((begun) =>
        gate.pass(() =>
          leaseServing(readers, (connection) => {
            begun();
            return driver.limit(connection, guarded(connection, work));
          }),
        ),
      ),
    transaction: (work, options = {}) =>
      leaseServing(writer, (connection) =>
        guarded(connection, () => commitOrRollBack(connection, work, options)),
      ),
    maintain(work, { withoutReaders = false } = {}) {
      const maintain = () => lease(writer, (connection: Connection) => guarded(connection, work));
      return withoutReaders ? gate.whileClosed(maintain) : maintain();
    },
    async close() {
      await readers.destroy();
      await writer.destroy();
    },
  };
}

/** Knex's pool, whose figures are in none of its types. */
function figuresOf({ client }: Knex): PoolFigures {
  const { pool } = client as {
    readonly pool: { readonly max: number; numUsed(): number; numPendingAcquires(): number };
  };
  return {
    connectionsMax: pool.max,
    inUse: () => pool.numUsed(),
    waiting: () => pool.numPendingAcquires(),
  };
}

export interface LeaseEnd<Connection> {
  /** On the monotonic clock. */
  readonly deadline: number;
  /** Ends the connection, and with it what it waits for. */
  cut(connection: Connection): void;
}

/** Runs work on a connection of a pool: for as long as it takes, or until the lease ends. */
export async function lease<Connection, Result>(
  pool: Knex,
  work: (connection: Connection) => Promise<Result>,
  end?: LeaseEnd<Connection>,
): Promise<Result> {
  const isBounded = end !== undefined && end.deadline !== Number.POSITIVE_INFINITY;
  const connection = isBounded
    ? await acquireBefore<Connection>(pool, end.deadline)
    : await acquire<Connection>(pool);
  const ending = isBounded
    ? setTimeout(() => end.cut(connection), end.deadline - performance.now())
    : undefined;
  try {
    return await work(connection);
  } finally {
    clearTimeout(ending);
    await release(pool, connection);
  }
}

async function acquireBefore<Connection>(pool: Knex, deadline: number): Promise<Connection> {
  let isLate = false;
  const acquired = acquire<Connection>(pool);
  // One that comes too late is for somebody else.
  acquired.then(
    (connection) => void (isLate && release(pool, connection)),
    () => undefined,
  );
  return within(deadline - performance.now(), acquired, () => {
    isLate = true;
    throw new NoConnectionTimeoutError('No connection became free in time.');
  });
}

class NoConnectionTimeoutError extends Error {
  override name = 'TimeoutError';
}

function acquire<Connection>(pool: Knex): Promise<Connection> {
  return pool.client.acquireConnection();
}

function release<Connection>(pool: Knex, connection: Connection): Promise<void> {
  return pool.client.releaseConnection(connection);
}

/** Together they wait up to 0.75 s: longer than a server takes to restart, and not so long that callers pile up. */
const connectionsTriedMax = 5;
const firstPauseMs = 50;

/**
 * Repeats work whose connection was at fault: the next one may reach the new primary, or the server come back. Only
 * for work of which nothing is stored then. A COMMIT without an answer is no such fault: see `CommitUncertain`.
 * @param deadline on the monotonic clock; without one nothing is repeated.
 */
export async function repeatOnFault<Result>(
  work: () => Promise<Result>,
  { isConnectionFault }: ErrorDialect,
  deadline: number,
): Promise<Result> {
  for (let tried = 1; ; tried++) {
    try {
      return await work();
    } catch (error) {
      // Spread, so that those who were thrown out together do not come back together.
      const pauseMs = firstPauseMs * 2 ** (tried - 1) * (0.5 + Math.random() / 2);
      const isHopeless = deadline === Number.POSITIVE_INFINITY || performance.now() + pauseMs >= deadline;
      if (isHopeless || tried >= connectionsTriedMax || !isConnectionFault(error)) throw error;
      await pause(pauseMs);
    }
  }
}

/** Where reads go that need not see the newest state; an engine by itself always answers that. */
export interface ReadSource {
  readonly dialect: Dialect;
  /**
   * Runs work on a reading connection, and again on another one if the first does not do: it may only read.
   */
  read<Result>(work: Work<Result>, options?: ReadOptions): Promise<Result>;
}

/** What satisfies all of these; undefined, the newest state, where one of them asks for that. */
export function greatestPosition(positions: readonly (string | undefined)[]): string | undefined {
  let greatest = positions[0];
  for (const position of positions) {
    if (greatest === undefined || position === undefined) return undefined;
    if (BigInt(position) > BigInt(greatest)) greatest = position;
  }
  return greatest;
}
