import { type Dialect, errorCode } from '../sql/dialect.ts';

/** The code of the error that a connection is cut with when its lease runs out. */
export const cutCode = 'CONNECTION_CUT';

/** Serialization failure, deadlock: PostgreSQL has rolled back all of it. */
const postgresRetry = new Set(['40001', '40P01']);

/** Disk or memory full, a limit of its configuration, input or output that failed: on every connection alike. */
const postgresUnavailable = new Set(['53100', '53200', '53400', '58030']);

/** Too many connections, shutting down, crashed, starting up, idle too long, a server that only reads; the socket's. */
const postgresConnection = new Set([
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

export const postgres: Dialect = {
  name: 'postgres',
  servedByMany: true,
  // Collation "C" orders and compares bytewise, as SQLite does, whatever the database was created with.
  // `json`, not `jsonb`, keeps the text: jsonb would reorder the keys of metadata.
  columnTypes: { uuid: 'uuid', text: 'text COLLATE "C"', integer: 'bigint', json: 'json' },
  ordinalColumn: 'bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY',
  tableOptions: '',
  // The order of the feed needs it, whatever the database's default is: see `change-log.ts`.
  begin: 'BEGIN ISOLATION LEVEL READ COMMITTED',
  // In pg_stat_activity, the log and auto_explain.
  showsComments: true,
  writesInWith: true,
  lockRows: 'FOR UPDATE',
  // Refused by a server that only reads, and in nobody's way on one that writes.
  lockForProbe: 'FOR KEY SHARE',
  // Every write holds this row from just before its COMMIT until the synchronous standby has it. The lock is written
  // to the log too, so that our COMMIT waits for the standby as well, which then has all that came before.
  settleEarlier: 'SELECT position FROM feed_head FOR NO KEY UPDATE',
  // Whoever waits for a table's lock holds up all who come after: a migration gives up, and tries again later.
  boundLocks: "SET LOCAL lock_timeout = '2s'",
  // Not information_schema, which hides what this user may not read.
  listTables: 'SELECT tablename AS name FROM pg_tables WHERE schemaname = current_schema()',
  lockFreeRows: 'FOR UPDATE SKIP LOCKED',
  // json_build_object adds spaces; row_to_json prints what SQLite prints. Cast, or the driver would parse it.
  renderObject(members) {
    const columns = members.map(([name, expression]) => `${expression} AS "${name}"`);
    return `(SELECT row_to_json(object)::text FROM (SELECT ${columns.join(', ')}) AS object)`;
  },
  // The driver sends bytes in hex.
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
  // The extension may be in a schema that is not on the path. What waits in the index's pending list is read
  // by every search, and the write that fills it has to sort it in: the list is kept short.
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
  tableColumns:
    'SELECT columns.table_name AS "table", columns.column_name AS "column" ' +
    'FROM information_schema.columns AS columns JOIN information_schema.tables AS tables ' +
    'USING (table_schema, table_name) WHERE table_schema = current_schema() ' +
    "AND table_type = 'BASE TABLE' ORDER BY 1, columns.ordinal_position",
  // By blocks of the table's file: ordering by the rows' own places would sort the table for each piece.
  placeRanges: (table, places) =>
    `SELECT block AS "from", block + ${places} AS "to" FROM generate_series(0, ` +
    `pg_relation_size('"${table}"') / current_setting('block_size')::bigint, ${places}) AS block`,
  cellsBetween: (table, columns) =>
    `SELECT json_build_array(${columns.map((name) => `"${name}"::text`).join(', ')})::text AS cells ` +
    `FROM "${table}" WHERE ctid >= format('(%s,0)', ?::bigint)::tid AND ctid < format('(%s,0)', ?::bigint)::tid`,
  errorMeaning(error) {
    const code = errorCode(error);
    if (code === '23505') return 'unique';
    if (postgresRetry.has(code)) return 'retry';
    if (code === '57014' || code === cutCode) return 'timeout';
    if (code === '55P03') return 'locked';
    return isLost(error) || postgresUnavailable.has(code) || isConnectionCode(code)
      ? 'unavailable'
      : 'unknown';
  },
  // Data exceptions (class 22) quote the value, and PL/pgSQL's RAISE says what its author wanted, under any code.
  messageHoldsValues: (error) =>
    /^(22|P0)/.test(errorCode(error)) ||
    (error as { routine?: unknown } | null)?.routine === 'exec_stmt_raise',
  // Of the pool's own errors none: they say that all connections are taken, not that one is at fault.
  isConnectionFault: (error) =>
    isConnectionCode(errorCode(error)) || (isLost(error) && !(error as Error).name.endsWith('TimeoutError')),
  isRolledBack: (error) => postgresRetry.has(errorCode(error)),
};

/** What the driver says of a connection that ended, or did not come about, it says without a code. */
function isLost(error: unknown): boolean {
  return (
    error instanceof Error && errorCode(error) === '' && /connection|timeout|closed/i.test(error.message)
  );
}

function isConnectionCode(code: string): boolean {
  return code.startsWith('08') || postgresConnection.has(code);
}
