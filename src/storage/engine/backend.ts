import type { FileHandle } from 'node:fs/promises';
import type { CheckResult, Checks } from '../doctor/check.ts';
import type { StorageError } from '../errors.ts';
import type { Replica } from '../postgres/replica.ts';
import type { Dialect } from '../sql/dialect.ts';
import type { Engine } from './engine.ts';

/** The configured database, SQLite or PostgreSQL. All that differs between them beyond SQL goes through here. */
export interface Backend {
  /** Whether the database outlives this process. */
  readonly isPersistent: boolean;
  /** @throws StorageError when there is no database to read yet. */
  assertExists(): void;
  /** Opens the database without reading or changing its schema. @param timeoutMs for a read; 0 for no limit. */
  open(timeoutMs: number): Promise<OpenDatabase>;
  /** @throws StorageError when the server's version or settings would lose or change data. */
  assertSupported(engine: Engine): Promise<void>;
  /** Makes a database with a current schema ready for requests: checks its search index, opens readers or a replica. */
  prepareToServe(database: Database, requestTimeoutMs: number): Promise<Database>;
  /** Opens the database for `customers doctor`: creates, locks and checks nothing. */
  openForDoctor(): Engine;
  /** The checks of `customers doctor` that only this kind of database has. The first one is `database`. */
  checks(engine: Engine): Checks;
  /** Turns any error into one line for the operator. @param hint what to check, if it is not DATABASE_URL. */
  toStorageError(error: unknown, hint?: string): StorageError;
}

/** An open database. */
export interface Database {
  readonly engine: Engine;
  /**
   * The file of a SQLite database, for reading its bytes. Closed only after SQLite has closed its own descriptors: on
   * POSIX, closing any descriptor of a file releases all locks that the process holds on it.
   */
  readonly file?: FileHandle;
  /** The read replica, with the result of the check at startup. */
  readonly replica?: Replica & { readonly check: CheckResult };
  /** Returns the size of SQLite's write-ahead log. */
  readonly walBytes?: () => Promise<number>;
  close(): Promise<void>;
}

/** A database whose schema has not been checked yet. */
export interface OpenDatabase extends Database {
  /** Keeps other processes from serving a SQLite file until it is closed. Does nothing on a server. */
  lock(): Promise<void>;
  /** Runs migrations while no other process migrates the database. */
  migrateExclusively<Result>(migrate: () => Promise<Result>): Promise<Result>;
}

/** Returns a driver's message without SQL or values. */
export function safeMessage(error: unknown, dialect: Dialect): string {
  if (dialect.messageHoldsValues(error)) return 'it refused a value';
  const message = error instanceof Error ? error.message : String(error);
  // Knex prepends the statement: `select ... - message`.
  return message.slice(message.lastIndexOf(' - ') + 1).replace(/^- /, '');
}
