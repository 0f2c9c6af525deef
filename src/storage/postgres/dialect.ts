import { type Dialect, errorCode } from '../sql/dialect.ts';

/** Error code of a connection that was closed because the server did not answer in time. */
export const cutCode = 'CONNECTION_CUT';

/** Serialization failure and deadlock. PostgreSQL has rolled back the transaction. */
const retryCodes = new Set(['40001', '40P01']);

/** Disk full, out of memory, configuration limit, I/O error: other connections fail the same way. */
const unavailableCodes = new Set(['53100', '53200', '53400', '58030']);

/** Too many connections, shutdown, crash, startup, idle timeout, read-only server, and socket errors. */
const connectionCodes = new Set([
  '53300',
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

/** PostgreSQL 14 or newer. */
export const postgres: Dialect = {
  name: 'postgres',
  otelSystem: 'postgresql',
  isShared: true,
  sharesSchema: true,
  // Collation "C" compares bytewise like SQLite, regardless of the locale of the database.
  // `json` keeps the text as it is; `jsonb` would reorder the keys of metadata.
  columnTypes: { uuid: 'uuid', text: 'text COLLATE "C"', integer: 'bigint', json: 'json' },
  ordinalColumn: 'bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY',
  tableOptions: '',
  // The order of the change feed depends on it: see `changes/change-log.ts`.
  begin: 'BEGIN ISOLATION LEVEL READ COMMITTED',
  // In pg_stat_activity, the server log and auto_explain.
  showsComments: true,
  supportsWritableCtes: true,
  lockRows: 'FOR UPDATE',
  // A read-only server refuses it; it blocks no write.
  lockForProbe: 'FOR KEY SHARE',
  // Every write locks this row until the synchronous standby has its commit. The row lock is WAL-logged, so that the
  // COMMIT of this transaction waits for the standby too, which then has everything before it.
  awaitReplicatedCommits: 'SELECT position FROM feed_head FOR NO KEY UPDATE',
  // All later requests queue behind a migration that waits for a table lock, so it gives up and retries.
  limitLockWait: "SET LOCAL lock_timeout = '2s'",
  // information_schema hides tables that this user is not allowed to read.
  listTables: 'SELECT tablename AS name FROM pg_tables WHERE schemaname = current_schema()',
  lockFreeRows: 'FOR UPDATE SKIP LOCKED',
  // row_to_json prints no whitespace, like SQLite; json_build_object does. Cast to text, or the driver parses it.
  renderObject(members) {
    const columns = members.map(([name, expression]) => `${expression} AS "${name}"`);
    return `(SELECT row_to_json(object)::text FROM (SELECT ${columns.join(', ')}) AS object)`;
  },
  // bytea would be sent as hex.
  encoded: (expression) => expression,
  records(columns, alias) {
    const fields = columns.map(
      ({ name, type }) => `${name} ${type === 'text' ? 'text' : postgres.columnTypes[type]}`,
    );
    return `json_to_recordset(?::json) AS ${alias}(${fields.join(', ')})`;
  },
  among: (column, type) =>
    `${column} IN (SELECT value::${type} FROM json_array_elements_text(?::json) AS value)`,
  elements: (expression, alias) => `json_array_elements_text(${expression}) AS ${alias}(value)`,
  // The extension may be in a schema outside the search path. The pending list of the index is kept short: every search
  // scans it, and the write that fills it has to merge it.
  searchIndex: [
    `DO $$ BEGIN EXECUTE format(
       'CREATE INDEX customer_search_trigrams ON customer_search USING gin (text %s.gin_trgm_ops) '
         'WITH (gin_pending_list_limit = 256)',
       (SELECT extnamespace::regnamespace FROM pg_extension WHERE extname = 'pg_trgm')); END $$`,
  ],
  indexedSearch: {
    source: 'customer_search AS found',
    ordinal: 'found.ordinal',
    condition: 'found.text LIKE ?',
    operand: (term) => `%${term.replace(/[\\%_]/g, '\\$&')}%`,
    inOrder: false,
  },
  contains: (column) => `strpos(${column}, ?) > 0`,
  listColumns:
    'SELECT columns.table_name AS "table", columns.column_name AS "column" ' +
    'FROM information_schema.columns AS columns JOIN information_schema.tables AS tables ' +
    'USING (table_schema, table_name) WHERE table_schema = current_schema() ' +
    "AND table_type = 'BASE TABLE' ORDER BY 1, columns.ordinal_position",
  // Ranges of blocks: ordering by ctid would sort the table for each range.
  scanRanges: (table, size) =>
    `SELECT block AS "from", block + ${size} AS "to" FROM generate_series(0, ` +
    `pg_relation_size('"${table}"') / current_setting('block_size')::bigint, ${size}) AS block`,
  scanRows: (table, columns) =>
    `SELECT json_build_array(${columns.map((name) => `"${name}"::text`).join(', ')})::text AS cells ` +
    `FROM "${table}" WHERE ctid >= format('(%s,0)', ?::bigint)::tid AND ctid < format('(%s,0)', ?::bigint)::tid`,
  errorMeaning(error) {
    const code = errorCode(error);
    if (code === '23505') return 'unique';
    if (retryCodes.has(code)) return 'retry';
    if (code === '57014' || code === cutCode) return 'timeout';
    if (code === '55P03') return 'locked';
    return isConnectionLost(error) || unavailableCodes.has(code) || isConnectionCode(code)
      ? 'unavailable'
      : 'unknown';
  },
  // Data exceptions (class 22) quote the value. PL/pgSQL's RAISE may say anything, with any code.
  messageHoldsValues: (error) =>
    /^(22|P0)/.test(errorCode(error)) ||
    (error as { routine?: unknown } | null)?.routine === 'exec_stmt_raise',
  // The pool's TimeoutError means that all connections are in use, not that one failed.
  isConnectionError: (error) =>
    isConnectionCode(errorCode(error)) ||
    (isConnectionLost(error) && !(error as Error).name.endsWith('TimeoutError')),
  isRolledBack: (error) => retryCodes.has(errorCode(error)),
};

/** The driver's own errors about lost and failed connections have no code. */
function isConnectionLost(error: unknown): boolean {
  return (
    error instanceof Error && errorCode(error) === '' && /connection|timeout|closed/i.test(error.message)
  );
}

function isConnectionCode(code: string): boolean {
  return code.startsWith('08') || connectionCodes.has(code);
}
