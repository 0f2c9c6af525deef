import type { Column, ColumnType } from './columns.ts';

/** How an index of substrings is asked for the customers that hold a term of three code points or more. */
export interface IndexedSearch {
  /** What is read, as `found`, and the column of it that is a customer's ordinal. */
  readonly source: string;
  readonly ordinal: string;
  /** True of what one parameter finds, which `operand` makes of a term so that all of it is literal. */
  readonly condition: string;
  operand(term: string): string;
  /** Whether it tells the customers in the order of their ordinals, a page at a time. */
  readonly inOrder: boolean;
}

/**
 * Every difference between the two databases that SQL or an error shows, each with its reason. All other
 * code writes SQL that both take.
 */
export interface Dialect extends ErrorDialect {
  readonly name: 'sqlite' | 'postgres';
  /** Whether other processes may commit while this one serves. */
  readonly servedByMany: boolean;
  readonly columnTypes: Readonly<Record<ColumnType, string>>;
  /** The column that numbers customers in the order of their creation. */
  readonly ordinalColumn: string;
  readonly tableOptions: string;
  readonly begin: string;
  /** Whether somebody but us sees the text of a statement while it runs, and a comment in it. */
  readonly showsComments: boolean;
  /** Whether a statement may hold others that write, in WITH: several tables for one round trip. */
  readonly writesInWith: boolean;
  /** Appended to a SELECT inside a write transaction so that the rows stay as read until it ends. */
  readonly lockRows: string;
  /** Appended to a SELECT that is to fail where a write would. */
  readonly lockForProbe: string;
  /**
   * A SELECT that waits until every write transaction that was there before it has ended, and whose own COMMIT is
   * confirmed only when all that it could see is as durable as it gets; undefined where COMMIT itself tells that.
   */
  readonly settleEarlier: string | undefined;
  /** Opens a migration's transaction, so that it gives way to requests; empty where they wait in one queue anyhow. */
  readonly boundLocks: string;
  /** A query for the names of the tables that are there, whether this user may read them or not. */
  readonly listTables: string;
  /** JSON text of an object with these members, members in order, without added spaces. */
  renderObject(members: ReadonlyArray<readonly [name: string, expression: string, type: ColumnType]>): string;
  /** A long text that is only passed on, as bytes in UTF-8 where the driver hands these over cheaper than text. */
  encoded(expression: string): string;
  /** A table `alias` with these columns from one parameter: a JSON array of objects, in its order. */
  records(columns: readonly Column[], alias: string): string;
  /** A condition that the column is among one parameter: a JSON array of texts. */
  among(column: string, type: 'uuid' | 'text'): string;
  /** A table `tag(value)` of the elements of a JSON array of texts. */
  elements(expression: string, alias: string): string;
  /** Makes the index of substrings over `customer_search`, which may hold rows already. */
  readonly searchIndex: readonly string[];
  /** How that index is asked. */
  readonly indexedSearch: IndexedSearch;
  /** A condition that a column holds one parameter as a substring, byte for byte, and by no index. */
  contains(column: string): string;
  /** Appended to a SELECT of rows to delete, so that instances that do so at once never wait for each other. */
  readonly lockFreeRows: string;
  /** Every table with each of its columns: a walk through all there is goes by it. */
  readonly tableColumns: string;
  /** The places of a table's rows in ranges of so many, `from` and `to` (exclusive), for a walk in bounded pieces. */
  placeRanges(table: string, places: number): string;
  /** The rows from one place up to another, each as a JSON array of these columns as text. */
  cellsBetween(table: string, columns: readonly string[]): string;
}

/** What a driver's error means for the request that met it. */
export type ErrorMeaning =
  /** A unique index refused the row. */
  | 'unique'
  /** The whole transaction was rolled back for another's sake: the same again may succeed. */
  | 'retry'
  /** A row or key that another transaction holds was not given up in time. */
  | 'locked'
  /** The database cannot serve now; nothing was stored. */
  | 'unavailable'
  /** The statement ran longer than the request may wait. */
  | 'timeout'
  /** A defect, ours or the database's. */
  | 'unknown';

/** How the two drivers tell in their errors what went wrong: a part of the dialect. */
export interface ErrorDialect {
  errorMeaning(error: unknown): ErrorMeaning;
  /** Whether the text of an error may quote what was to be stored, so that it must not be logged. */
  messageHoldsValues(error: unknown): boolean;
  /**
   * Whether the connection was at fault, or the server that it reached: another one may serve. Nothing is stored of
   * a transaction that met it before its COMMIT.
   */
  isConnectionFault(error: unknown): boolean;
  /** Whether a COMMIT that failed so has stored nothing for certain. */
  isRolledBack(error: unknown): boolean;
}

/** The `code` of a driver's error; empty where it has none. */
export function errorCode(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : '';
}
