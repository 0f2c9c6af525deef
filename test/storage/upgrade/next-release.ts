import type { Migration } from '../../../src/storage/migrations/migration.ts';
import { migrations } from '../../../src/storage/migrations/migrator.ts';

const thisRelease = migrations.at(-1)?.name ?? '';

/**
 * Migrations of a next release that only adds: a column, and an index that PostgreSQL builds concurrently.
 * The current program, which does not know them, acts as the previous release.
 */
export const addedColumn: Migration = {
  name: '998-next-column',
  servedSince: thisRelease,
  async up(knex, { columnTypes: { text } }) {
    await knex.raw(`ALTER TABLE customers ADD COLUMN next_column ${text}`);
  },
};

export const addedIndex: Migration = {
  name: '999-next-index',
  servedSince: thisRelease,
  outsideTransaction: true,
  async up(knex, { name }) {
    const concurrently = name === 'postgres' ? 'CONCURRENTLY' : '';
    await knex.raw(`DROP INDEX ${concurrently} IF EXISTS customers_next`);
    await knex.raw(`CREATE INDEX ${concurrently} customers_next ON customers (next_column)`);
  },
};

export const nextRelease: readonly Migration[] = [...migrations, addedColumn, addedIndex];
