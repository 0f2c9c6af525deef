/** A table that is moved. */
export interface MovedTable {
  readonly name: string;
  /** What orders its rows where several have the same key. */
  readonly within?: string;
}

/** Tables that are walked together, for the rows of the first are referred to by those of the others. */
export interface MovedPart {
  /** The column by which all of them are walked. */
  readonly key: string;
  /** Those that are referred to come first. */
  readonly tables: readonly [MovedTable, ...MovedTable[]];
  /** What is unique in the first beside its key, so that rows of an earlier run can be in the way. */
  readonly uniques?: readonly UniqueColumns[];
}

interface UniqueColumns {
  readonly columns: readonly string[];
  /** Whether it holds among live customers only. */
  readonly live?: boolean;
}

/** All that is moved, in this order. A new table gets its place here. */
export const movedParts: readonly MovedPart[] = [
  { key: 'name', tables: [{ name: 'secrets' }] },
  {
    key: 'ordinal',
    tables: [{ name: 'customers' }, { name: 'customer_tags', within: 'tag' }, { name: 'customer_search' }],
    uniques: [
      { columns: ['id'] },
      { columns: ['email_key'], live: true },
      { columns: ['external_id'], live: true },
    ],
  },
  {
    key: 'position',
    tables: [{ name: 'changes' }],
    uniques: [{ columns: ['customer_id', 'version'] }],
  },
  { key: 'key_hash', tables: [{ name: 'idempotency_keys' }] },
  { key: 'customer_id', tables: [{ name: 'erasures' }] },
  { key: 'id', tables: [{ name: 'api_keys' }] },
  { key: 'revision', tables: [{ name: 'api_key_revision' }] },
  { key: 'position', tables: [{ name: 'feed_head' }] },
];

/** What each database has for itself: about its schema, and the index of SQLite for searching. */
export const unmovedTables = /^(schema_\w+|customer_search_index(_\w+)?|unfinished_move)$/;
