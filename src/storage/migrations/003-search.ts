import type { Knex } from 'knex';
import { searchText } from '../../domain/normalization.ts';
import type { Column } from '../sql/columns.ts';
import type { Dialect } from '../sql/dialect.ts';
import type { Migration } from './migration.ts';

/** The texts that searches look through, for the customers that there are already too, and their index. */
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
    // Made after the rows, since a million of them one by one would take longer.
    for (const statement of dialect.searchIndex) await knex.raw(statement);
  },
};

/** Bounds what is in memory at once: the texts are folded here and not by the database. */
const pieceMax = 1000;

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
      .limit(pieceMax);
    const records = rows.map(({ ordinal, ...customer }) => ({ ordinal, text: searchText(customer) }));
    await knex.raw(insert, [JSON.stringify(records)]);
    if (rows.length < pieceMax) return;
    last = rows.at(-1).ordinal;
  }
}
