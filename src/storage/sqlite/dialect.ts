import { type Dialect, errorCode } from '../sql/dialect.ts';

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
  // A file has one way to it, and what is wrong with it stays so for a while.
  isConnectionFault: () => false,
  // A disk that is full is found before the last page is written; an fsync that fails leaves it open.
  isRolledBack: (error) => ['SQLITE_FULL', 'SQLITE_BUSY'].includes(errorCode(error)),
};
