import type { Migration } from './migration.ts';

/** Creates API keys, and a counter by which every process notices a change. */
export const createApiKeys: Migration = {
  name: '006-api-keys',
  async up(knex, { columnTypes: { text, integer }, tableOptions }) {
    const statements = [
      // Only the SHA-256 of a key is stored.
      `CREATE TABLE api_keys (
         id ${text} PRIMARY KEY,
         name ${text} NOT NULL,
         scopes ${text} NOT NULL,
         hash ${text} NOT NULL,
         created_at ${text} NOT NULL,
         expires_at ${text},
         revoked_at ${text}
       )${tableOptions}`,
      `CREATE TABLE api_key_revision (revision ${integer} NOT NULL)${tableOptions}`,
      'INSERT INTO api_key_revision (revision) VALUES (0)',
    ];
    for (const statement of statements) await knex.raw(statement);
  },
};
