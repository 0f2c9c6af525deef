/** A table that is copied. */
export interface CopiedTable {
  readonly name: string;
  /** Orders the rows that have the same key. */
  readonly thenBy?: string;
}

/** Tables that are copied together in chunks, because the rows of the first one are referenced by the others. */
export interface TableGroup {
  /** The column, present in all tables, by which they are read in order. */
  readonly key: string;
  /** Referenced tables first. */
  readonly tables: readonly [CopiedTable, ...CopiedTable[]];
  /** Unique constraints of the first table besides its key, which rows of an earlier run may violate. */
  readonly uniques?: readonly UniqueColumns[];
}

interface UniqueColumns {
  readonly columns: readonly string[];
  /** Whether the constraint covers only customers that are not deleted. */
  readonly live?: boolean;
}

/** All copied tables, in order. Add a new table here. */
export const tableGroups: readonly TableGroup[] = [
  { key: 'name', tables: [{ name: 'secrets' }] },
  {
    key: 'ordinal',
    tables: [{ name: 'customers' }, { name: 'customer_tags', thenBy: 'tag' }, { name: 'customer_search' }],
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

/** Tables that each database maintains itself: its schema version, the FTS5 index, the mark of an unfinished move. */
export const excludedTables = /^(schema_\w+|customer_search_index(_\w+)?|unfinished_move)$/;
