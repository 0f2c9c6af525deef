import type { Column, ColumnType } from './columns.ts';

/**
 * The differences between SQLite and PostgreSQL in SQL and in driver errors (ADR 0004). All other SQL is written once
 * and runs on both.
 */
export interface Dialect extends ErrorDialect {
  readonly name: 'sqlite' | 'postgres';
  /** `db.system.name` in OpenTelemetry's semantic conventions. */
  readonly otelSystem: 'sqlite' | 'postgresql';
  /** Whether several processes may write to the database at the same time. */
  readonly isShared: boolean;
  /** Whether other applications may keep tables in the same schema. */
  readonly sharesSchema: boolean;

  /** Column types for CREATE TABLE. Text compares bytewise on both databases. */
  readonly columnTypes: Readonly<Record<ColumnType, string>>;
  /** Definition of the primary key that numbers customers in order of creation. */
  readonly ordinalColumn: string;
  /** Appended to CREATE TABLE. */
  readonly tableOptions: string;

  /** Begins a write transaction. */
  readonly begin: string;
  /** Whether the server shows running statements, so that a trace comment in them is of use. */
  readonly showsComments: boolean;
  /** Whether WITH may hold INSERT, UPDATE and DELETE, so that several tables are written in one round trip. */
  readonly supportsWritableCtes: boolean;
  /** Appended to a SELECT in a write transaction to lock its rows until the transaction ends. */
  readonly lockRows: string;
  /** Appended to a SELECT of rows to delete, so that instances deleting at the same time never wait for each other. */
  readonly lockFreeRows: string;
  /** Appended to a SELECT to make it fail where a write would fail. */
  readonly lockForProbe: string;
  /**
   * A SELECT that waits for every earlier write transaction, and makes this transaction's COMMIT wait until all of
   * them are replicated. Undefined where a single connection writes.
   */
  readonly awaitReplicatedCommits: string | undefined;
  /** Sets a lock timeout for a migration, so that requests do not queue up behind it. Empty where not needed. */
  readonly limitLockWait: string;

  /** Lists the `name` of every table, including those that this user is not allowed to read. */
  readonly listTables: string;
  /** Lists every `table` with each `column`. */
  readonly listColumns: string;
  /** Lists ranges of row locations, `from` (inclusive) and `to` (exclusive), that cover a table in bounded chunks. */
  scanRanges(table: string, size: number): string;
  /** Selects the rows of such a range as `cells`: a JSON array of the columns' values as text. */
  scanRows(table: string, columns: readonly string[]): string;

  /** JSON text of an object, members in the order given, without whitespace. */
  renderObject(members: ReadonlyArray<readonly [name: string, expression: string, type: ColumnType]>): string;
  /** Selects long text in the form that costs the driver least: UTF-8 bytes or a string. */
  encoded(expression: string): string;
  /** A table `alias` with these columns, read from one parameter: a JSON array of objects. Keeps its order. */
  records(columns: readonly Column[], alias: string): string;
  /** A condition that the column equals an element of one parameter: a JSON array of strings. */
  among(column: string, type: 'uuid' | 'text'): string;
  /** A table `alias(value)` of the elements of a JSON array of strings. */
  elements(expression: string, alias: string): string;
  /** A condition that the column contains one parameter as a substring, bytewise and without an index. */
  contains(column: string): string;

  /** Statements that create the substring index on `customer_search` and index its existing rows. */
  readonly searchIndex: readonly string[];
  readonly indexedSearch: IndexedSearch;
}

/** How the substring index is queried for a term of at least three code points. */
export interface IndexedSearch {
  /** The FROM item, aliased as `found`. */
  readonly source: string;
  /** The column of `found` that holds the customer's ordinal. */
  readonly ordinal: string;
  /** A condition with one parameter, which `operand` makes from the term. */
  readonly condition: string;
  /** Escapes the term so that all of it is matched literally. */
  operand(term: string): string;
  /** Whether matches arrive in order of ordinals, so that a page can stop early. */
  readonly inOrder: boolean;
}

/** What a driver's error means for the request that met it. */
export type ErrorMeaning =
  /** A unique index refused the row. */
  | 'unique'
  /** Serialization failure or deadlock: the whole transaction was rolled back and may succeed when repeated. */
  | 'retry'
  /** Another transaction held a row or key past the lock timeout. */
  | 'locked'
  /** The database cannot serve now; nothing was stored. */
  | 'unavailable'
  /** The statement ran longer than the request may wait. */
  | 'timeout'
  /** A defect in this program or in the database. */
  | 'unknown';

/** How to classify the errors of a driver. */
export interface ErrorDialect {
  errorMeaning(error: unknown): ErrorMeaning;
  /** Whether the error's message may quote a stored value, so that it must not be logged. */
  messageHoldsValues(error: unknown): boolean;
  /**
   * Whether the connection or the server behind it failed, so that another connection may work. A transaction that
   * met such an error before its COMMIT has stored nothing.
   */
  isConnectionError(error: unknown): boolean;
  /** Whether a COMMIT that failed with this error has certainly stored nothing. */
  isRolledBack(error: unknown): boolean;
}

/** Returns the `code` of a driver's error; empty if it has none. */
export function errorCode(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : '';
}
