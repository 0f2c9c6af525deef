import type { Column, ColumnType } from './columns.ts';
import { type ErrorDialect, postgresErrors, sqliteErrors } from './error-dialect.ts';

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

const addToIndex = 'INSERT INTO customer_search_index (rowid, text) VALUES (new.ordinal, new.text)';
const removeFromIndex =
  'INSERT INTO customer_search_index (customer_search_index, rowid, text) ' +
  "VALUES ('delete', old.ordinal, old.text)";

export const sqlite: Dialect = {
  name: 'sqlite',
  // A lock beside the file keeps them away.
  servedByMany: false,
  // STRICT tables know no UUID and no JSON; both are text, compared bytewise (BINARY) by default.
  columnTypes: { uuid: 'TEXT', text: 'TEXT', integer: 'INTEGER', json: 'TEXT' },
  ordinalColumn: 'INTEGER PRIMARY KEY',
  // Without STRICT a value of another type is stored without a word.
  tableOptions: ' STRICT',
  // A deferred transaction that reads and then writes ends in SQLITE_BUSY as soon as another one writes.
  begin: 'BEGIN IMMEDIATE',
  // They would only fill the memory of statements that each connection has.
  showsComments: false,
  writesInWith: false,
  // The whole file is locked for writing already.
  lockRows: '',
  // The transaction itself has taken the lock that a write needs.
  lockForProbe: '',
  // The one connection that writes knows what it has written.
  settleEarlier: undefined,
  boundLocks: '',
  listTables:
    "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
  lockFreeRows: '',
  renderObject(members) {
    const pairs = members.map(
      ([name, expression, type]) => `'${name}', ${type === 'json' ? `json(${expression})` : expression}`,
    );
    return `json_object(${pairs.join(', ')})`;
  },
  // As bytes it is not decoded into a string and encoded again: a list of 20 is spared 18 microseconds, an export half of
  // what it computes.
  encoded: (expression) => `CAST(${expression} AS BLOB)`,
  records(columns, alias) {
    const fields = columns.map(({ name }) => `value ->> '$.${name}' AS ${name}`);
    // With LIMIT the value of a record is made once. Without, SQLite folds the queries into one and writes the
    // record out anew for each column: a customer's row took 19 microseconds of CPU time, and takes 10 like this.
    return `(SELECT ${fields.join(', ')} FROM (SELECT value FROM json_each(?) LIMIT -1)) AS ${alias}`;
  },
  among: (column) => `${column} IN (SELECT value FROM json_each(?))`,
  elements: (expression, alias) => `json_each(${expression}) AS ${alias}`,
  // FTS5 keeps no copy of the text, so that its triggers must tell it the old one. Without `secure-delete` the
  // trigrams of an old text would stay in the file until FTS5 merges them away.
  searchIndex: [
    "CREATE VIRTUAL TABLE customer_search_index USING fts5 (text, content='customer_search', " +
      "content_rowid='ordinal', columnsize=0, tokenize='trigram case_sensitive 1 remove_diacritics 0')",
    "INSERT INTO customer_search_index (customer_search_index, rank) VALUES ('secure-delete', 1)",
    "INSERT INTO customer_search_index (customer_search_index) VALUES ('rebuild')",
    `CREATE TRIGGER customer_search_added AFTER INSERT ON customer_search BEGIN ${addToIndex}; END`,
    `CREATE TRIGGER customer_search_removed AFTER DELETE ON customer_search BEGIN ${removeFromIndex}; END`,
    'CREATE TRIGGER customer_search_changed AFTER UPDATE OF text ON customer_search ' +
      `BEGIN ${removeFromIndex}; ${addToIndex}; END`,
  ],
  indexedSearch: {
    source: 'customer_search_index AS found',
    ordinal: 'found.rowid',
    condition: 'found.text MATCH ?',
    // Within quotes a string of FTS5 knows no metacharacter but the quote.
    operand: (term) => `"${term.replaceAll('"', '""')}"`,
    inOrder: true,
  },
  contains: (column) => `instr(${column}, ?) > 0`,
  // The tables behind an index for searching are tables like others; the index itself has no rows of its own.
  tableColumns:
    'SELECT tables.name AS "table", columns.name AS "column" FROM pragma_table_list AS tables ' +
    "JOIN pragma_table_info(tables.name) AS columns WHERE tables.schema = 'main' AND tables.wr = 0 " +
    "AND tables.type IN ('table', 'shadow') AND tables.name NOT LIKE 'sqlite_%' ORDER BY 1, columns.cid",
  // Ranges of the rows that there are: the tables of an index for searching have places far apart.
  placeRanges: (table, places) =>
    `SELECT min(place) AS "from", max(place) + 1 AS "to" FROM (SELECT rowid AS place, ` +
    `(row_number() OVER (ORDER BY rowid) - 1) / ${places} AS piece FROM "${table}") GROUP BY piece ORDER BY 1`,
  cellsBetween: (table, columns) =>
    `SELECT json_array(${columns.map((name) => `CAST("${name}" AS text)`).join(', ')}) AS cells ` +
    `FROM "${table}" WHERE rowid >= ? AND rowid < ?`,
  ...sqliteErrors,
};

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
  ...postgresErrors,
};
