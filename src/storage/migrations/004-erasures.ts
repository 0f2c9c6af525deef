import type { Migration } from './migration.ts';

/** Creates the receipts of erasures, and the indexes that erasure and retention need. */
export const createErasures: Migration = {
  name: '004-erasures',
  async up(knex, { columnTypes: { uuid, text, integer }, tableOptions }) {
    const statements = [
      // Holds nothing of the customer but its id. `complete` is 0 until the database files are scrubbed.
      `CREATE TABLE erasures (
         customer_id ${uuid} PRIMARY KEY,
         version ${integer} NOT NULL,
         position ${integer} NOT NULL,
         erased_at ${text} NOT NULL,
         fields ${integer} NOT NULL,
         versions ${integer} NOT NULL,
         tags ${integer} NOT NULL,
         idempotency_keys ${integer} NOT NULL,
         complete ${integer} NOT NULL
       )${tableOptions}`,
      'CREATE INDEX erasures_incomplete ON erasures (customer_id) WHERE complete = 0',
      'CREATE INDEX idempotency_keys_customer ON idempotency_keys (customer_id)',
      'CREATE INDEX customers_deleted ON customers (deleted_at) WHERE deleted_at IS NOT NULL',
    ];
    for (const statement of statements) await knex.raw(statement);
  },
};
