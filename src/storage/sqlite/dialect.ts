import { type Dialect, errorCode } from '../sql/dialect.ts';

/** Locked by another process, disk full, read-only or failing storage. */
const unavailableCodes = new Set([
  'SQLITE_BUSY',
  'SQLITE_LOCKED',
  'SQLITE_FULL',
  'SQLITE_IOERR',
  'SQLITE_READONLY',
  'SQLITE_CANTOPEN',
  'SQLITE_PROTOCOL',
]);

const addToIndex = 'INSERT INTO customer_search_index (rowid, text) VALUES (new.ordinal, new.text)';
const removeFromIndex =
  'INSERT INTO customer_search_index (customer_search_index, rowid, text) ' +
  "VALUES ('delete', old.ordinal, old.text)";

/** The SQLite that is bundled with the sqlite3 package. */
export const sqlite: Dialect = {
  name: 'sqlite',
  otelSystem: 'sqlite',
  // One process serves a file: see `lockFile`.
  isShared: false,
  sharesSchema: false,
  // STRICT tables have no types for UUID and JSON. Text compares bytewise (BINARY) by default.
  columnTypes: { uuid: 'TEXT', text: 'TEXT', integer: 'INTEGER', json: 'TEXT' },
  ordinalColumn: 'INTEGER PRIMARY KEY',
  // Without STRICT, SQLite stores values of any type in any column.
  tableOptions: ' STRICT',
  // A deferred transaction that reads and then writes fails with SQLITE_BUSY when another one has written.
  begin: 'BEGIN IMMEDIATE',
  showsComments: false,
  supportsWritableCtes: false,
  // BEGIN IMMEDIATE has locked the whole file.
  lockRows: '',
  lockFreeRows: '',
  lockForProbe: '',
  awaitReplicatedCommits: undefined,
  limitLockWait: '',
  listTables:
    "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
  renderObject(members) {
    const pairs = members.map(
      ([name, expression, type]) => `'${name}', ${type === 'json' ? `json(${expression})` : expression}`,
    );
    return `json_object(${pairs.join(', ')})`;
  },
  // Bytes are passed on without being decoded to a string and encoded again.
  encoded: (expression) => `CAST(${expression} AS BLOB)`,
  records(columns, alias) {
    const fields = columns.map(({ name }) => `value ->> '$.${name}' AS ${name}`);
    // LIMIT keeps SQLite from flattening the subquery, which would extract the record again for each column.
    return `(SELECT ${fields.join(', ')} FROM (SELECT value FROM json_each(?) LIMIT -1)) AS ${alias}`;
  },
  among: (column) => `${column} IN (SELECT value FROM json_each(?))`,
  elements: (expression, alias) => `json_each(${expression}) AS ${alias}`,
  // An external-content FTS5 table stores no text, so the triggers pass it the old one. `secure-delete` removes the
  // trigrams of deleted text at once instead of at the next merge.
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
    // In a quoted FTS5 string only the quote itself is special.
    operand: (term) => `"${term.replaceAll('"', '""')}"`,
    inOrder: true,
  },
  contains: (column) => `instr(${column}, ?) > 0`,
  // The shadow tables of an FTS5 index hold its data; the virtual table has no rows of its own.
  listColumns:
    'SELECT tables.name AS "table", columns.name AS "column" FROM pragma_table_list AS tables ' +
    "JOIN pragma_table_info(tables.name) AS columns WHERE tables.schema = 'main' AND tables.wr = 0 " +
    "AND tables.type IN ('table', 'shadow') AND tables.name NOT LIKE 'sqlite_%' ORDER BY 1, columns.cid",
  // Ranges of existing rowids: those of FTS5 shadow tables are far apart.
  scanRanges: (table, size) =>
    `SELECT min(id) AS "from", max(id) + 1 AS "to" FROM (SELECT rowid AS id, ` +
    `(row_number() OVER (ORDER BY rowid) - 1) / ${size} AS chunk FROM "${table}") GROUP BY chunk ORDER BY 1`,
  scanRows: (table, columns) =>
    `SELECT json_array(${columns.map((name) => `CAST("${name}" AS text)`).join(', ')}) AS cells ` +
    `FROM "${table}" WHERE rowid >= ? AND rowid < ?`,
  errorMeaning(error) {
    const code = errorCode(error);
    const message = error instanceof Error ? error.message : '';
    if (code === 'SQLITE_CONSTRAINT' && message.includes('UNIQUE constraint')) return 'unique';
    if (code === 'SQLITE_INTERRUPT') return 'timeout';
    return unavailableCodes.has(code) ? 'unavailable' : 'unknown';
  },
  // SQLite's own constraint errors name columns only; a trigger's RAISE may say anything.
  messageHoldsValues: (error) =>
    errorCode(error) === 'SQLITE_CONSTRAINT' && !/constraint failed: [\w.]+/.test((error as Error).message),
  // Reopening a file does not repair it.
  isConnectionError: () => false,
  // SQLite detects both before it writes the commit. After a failed fsync the outcome is unknown.
  isRolledBack: (error) => ['SQLITE_FULL', 'SQLITE_BUSY'].includes(errorCode(error)),
};
