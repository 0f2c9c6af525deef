import type { Knex } from 'knex';
import { searchText } from '../../domain/normalization.ts';
import type { Column } from '../sql/columns.ts';
import type { Dialect } from '../sql/dialect.ts';
import type { Migration } from './migration.ts';

/** Creates the text that searches match, fills it for existing customers, and indexes it. */
export const createSearch: Migration = {
  name: '003-search',
  async up(knex, dialect) {
    const { integer, text } = dialect.columnTypes;
    await knex.raw(
      `CREATE TABLE customer_search (
         ordinal ${integer} PRIMARY KEY REFERENCES customers (ordinal) ON DELETE CASCADE,
         text ${text} NOT NULL
       )${dialect.tableOptions}`,
    );
    await fill(knex, dialect);
    // Building an index is faster than adding rows to it.
    for (const statement of dialect.searchIndex) await knex.raw(statement);
  },
};

/** Customers in memory at once. Texts are folded here, because the databases fold differently. */
const chunkRowsMax = 1000;

const searchedColumns = ['name', 'email', 'phone', 'external_id as externalId'] as const;

async function fill(knex: Knex, dialect: Dialect): Promise<void> {
  const columns: readonly Column[] = [
    { name: 'ordinal', type: 'integer' },
    { name: 'text', type: 'text' },
  ];
  const insert =
    'INSERT INTO customer_search (ordinal, text) ' +
    `SELECT ordinal, text FROM ${dialect.records(columns, 'added')}`;
  let last: string | number = 0;
  for (;;) {
    const rows = await knex('customers')
      .select('ordinal', ...searchedColumns)
      .where('ordinal', '>', last)
      .orderBy('ordinal')
      .limit(chunkRowsMax);
    const records = rows.map(({ ordinal, ...customer }) => ({ ordinal, text: searchText(customer) }));
    await knex.raw(insert, [JSON.stringify(records)]);
    if (rows.length < chunkRowsMax) return;
    last = rows.at(-1).ordinal;
  }
}
