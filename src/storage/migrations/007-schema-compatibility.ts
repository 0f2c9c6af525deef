import type { Migration } from './migration.ts';

/** For each later step that older programs can serve on: how old they may be. They read it, and start all the same. */
export const createSchemaCompatibility: Migration = {
  name: '007-schema-compatibility',
  async up(knex, { columnTypes: { text }, tableOptions }) {
    await knex.raw(
      `CREATE TABLE schema_compatibility (step ${text} PRIMARY KEY, served_since ${text} NOT NULL)${tableOptions}`,
    );
  },
};
