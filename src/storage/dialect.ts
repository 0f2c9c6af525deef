import type { Column, ColumnType } from './columns.ts';

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

/**
 * Every difference between the two databases that SQL or an error shows, each with its reason. All other
 * code writes SQL that both take.
 */
export interface Dialect {
  readonly name: 'sqlite' | 'postgres';
  readonly columnTypes: Readonly<Record<ColumnType, string>>;
  /** The column that numbers customers in the order of their creation. */
  readonly ordinalColumn: string;
  readonly tableOptions: string;
  readonly begin: string;
  /** Appended to a SELECT inside a write transaction so that the rows stay as read until it ends. */
  readonly lockRows: string;
  /** Appended to a SELECT that is to fail where a write would. */
  readonly lockForProbe: string;
  /** JSON text of an object with these members, members in order, without added spaces. */
  renderObject(members: ReadonlyArray<readonly [name: string, expression: string, type: ColumnType]>): string;
  /** A table `alias` with these columns from one parameter: a JSON array of objects, in its order. */
  records(columns: readonly Column[], alias: string): string;
  /** A condition that the column is among one parameter: a JSON array of texts. */
  among(column: string, type: 'uuid' | 'text'): string;
  /** A table `tag(value)` of the elements of a JSON array of texts. */
  elements(expression: string, alias: string): string;
  errorMeaning(error: unknown): ErrorMeaning;
  /** Whether the text of an error may quote what was to be stored, so that it must not be logged. */
  messageHoldsValues(error: unknown): boolean;
  /** Whether a COMMIT that failed so has stored nothing for certain. */
  isRolledBack(error: unknown): boolean;
}

export const sqlite: Dialect = {
  name: 'sqlite',
  // STRICT tables know no UUID and no JSON; both are text, compared bytewise (BINARY) by default.
  columnTypes: { uuid: 'TEXT', text: 'TEXT', integer: 'INTEGER', json: 'TEXT' },
  ordinalColumn: 'INTEGER PRIMARY KEY',
  // Without STRICT a value of another type is stored without a word.
  tableOptions: ' STRICT',
  // A deferred transaction that reads and then writes ends in SQLITE_BUSY as soon as another one writes.
  begin: 'BEGIN IMMEDIATE',
  // The whole file is locked for writing already.
  lockRows: '',
  // The transaction itself has taken the lock that a write needs.
  lockForProbe: '',
  renderObject(members) {
    const pairs = members.map(
      ([name, expression, type]) => `'${name}', ${type === 'json' ? `json(${expression})` : expression}`,
    );
    return `json_object(${pairs.join(', ')})`;
  },
  records(columns, alias) {
    const fields = columns.map(({ name }) => `value ->> '$.${name}' AS ${name}`);
    return `(SELECT ${fields.join(', ')} FROM json_each(?)) AS ${alias}`;
  },
  among: (column) => `${column} IN (SELECT value FROM json_each(?))`,
  elements: (expression, alias) => `json_each(${expression}) AS ${alias}`,
  errorMeaning(error) {
    const code = errorCode(error);
    const message = error instanceof Error ? error.message : '';
    if (code === 'SQLITE_CONSTRAINT' && message.includes('UNIQUE constraint')) return 'unique';
    if (code === 'SQLITE_INTERRUPT') return 'timeout';
    return sqliteUnavailable.has(code) ? 'unavailable' : 'unknown';
  },
  // A trigger's RAISE says what its author wanted; SQLite's own constraints name columns only.
  messageHoldsValues: (error) =>
    errorCode(error) === 'SQLITE_CONSTRAINT' && !/constraint failed: [\w.]+/.test((error as Error).message),
  // A disk that is full is found before the last page is written; an fsync that fails leaves it open.
  isRolledBack: (error) => ['SQLITE_FULL', 'SQLITE_BUSY'].includes(errorCode(error)),
};

export const postgres: Dialect = {
  name: 'postgres',
  // Collation "C" orders and compares bytewise, as SQLite does, whatever the database was created with.
  // `json`, not `jsonb`, keeps the text: jsonb would reorder the keys of metadata.
  columnTypes: { uuid: 'uuid', text: 'text COLLATE "C"', integer: 'bigint', json: 'json' },
  ordinalColumn: 'bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY',
  tableOptions: '',
  // The order of the feed needs it, whatever the database's default is: see `change-log.ts`.
  begin: 'BEGIN ISOLATION LEVEL READ COMMITTED',
  lockRows: 'FOR UPDATE',
  // Refused by a server that only reads, and in nobody's way on one that writes.
  lockForProbe: 'FOR KEY SHARE',
  // json_build_object adds spaces; row_to_json prints what SQLite prints. Cast, or the driver would parse it.
  renderObject(members) {
    const columns = members.map(([name, expression]) => `${expression} AS "${name}"`);
    return `(SELECT row_to_json(object)::text FROM (SELECT ${columns.join(', ')}) AS object)`;
  },
  records(columns, alias) {
    const fields = columns.map(
      ({ name, type }) => `${name} ${type === 'text' ? 'text' : postgres.columnTypes[type]}`,
    );
    return `json_to_recordset(?::json) AS ${alias}(${fields.join(', ')})`;
  },
  among: (column, type) =>
    `${column} IN (SELECT value::${type} FROM json_array_elements_text(?::json) AS value)`,
  elements: (expression, alias) => `json_array_elements_text(${expression}) AS ${alias}(value)`,
  errorMeaning(error) {
    const code = errorCode(error);
    if (code === '23505') return 'unique';
    if (postgresRetry.has(code)) return 'retry';
    if (code === '57014') return 'timeout';
    if (code === '55P03') return 'locked';
    const lost = error instanceof Error && /connection|timeout|closed/i.test(error.message) && code === '';
    return lost || postgresUnavailable.has(code) || code.startsWith('08') ? 'unavailable' : 'unknown';
  },
  // Data exceptions (class 22) quote the value, and PL/pgSQL's RAISE says what its author wanted, under any code.
  messageHoldsValues: (error) =>
    /^(22|P0)/.test(errorCode(error)) ||
    (error as { routine?: unknown } | null)?.routine === 'exec_stmt_raise',
  isRolledBack: (error) => postgresRetry.has(errorCode(error)),
};

/** Locked by another process, disk full, read-only or failing storage. */
const sqliteUnavailable = new Set([
  'SQLITE_BUSY',
  'SQLITE_LOCKED',
  'SQLITE_FULL',
  'SQLITE_IOERR',
  'SQLITE_READONLY',
  'SQLITE_CANTOPEN',
  'SQLITE_PROTOCOL',
]);

/** Serialization failure, deadlock: PostgreSQL has rolled back all of it. */
const postgresRetry = new Set(['40001', '40P01']);

/** Too many connections, shutting down, starting up, read-only, disk full; and the socket's own. */
const postgresUnavailable = new Set([
  '53100',
  '53200',
  '53300',
  '53400',
  '58030',
  '57P01',
  '57P02',
  '57P03',
  '57P05',
  '25006',
  '25P03',
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ECONNABORTED',
]);

function errorCode(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : '';
}
