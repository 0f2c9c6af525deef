import type { Migration } from './migration.ts';

/** Creates the table in which later migrations name the oldest programs that can serve after them. */
export const createSchemaCompatibility: Migration = {
  name: '007-schema-compatibility',
  async up(knex, { columnTypes: { text }, tableOptions }) {
    await knex.raw(
      `CREATE TABLE schema_compatibility (step ${text} PRIMARY KEY, served_since ${text} NOT NULL)${tableOptions}`,
    );
  },
};
