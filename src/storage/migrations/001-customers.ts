import type { Migration } from './migration.ts';

/** Creates customers, the change log, idempotency keys and secrets. */
export const createCustomers: Migration = {
  name: '001-customers',
  async up(knex, { columnTypes: { uuid, text, integer, json }, ordinalColumn, tableOptions }) {
    const statements = [
      `CREATE TABLE customers (
         ordinal ${ordinalColumn},
         id ${uuid} NOT NULL UNIQUE,
         external_id ${text},
         type ${text} NOT NULL,
         name ${text} NOT NULL,
         email ${text},
         phone ${text},
         locale ${text},
         time_zone ${text},
         address ${json},
         status ${text} NOT NULL,
         tags ${json} NOT NULL,
         note ${text},
         metadata ${json} NOT NULL,
         version ${integer} NOT NULL,
         created_at ${text} NOT NULL,
         updated_at ${text} NOT NULL,
         deleted_at ${text},
         email_key ${text},
         name_key ${text} NOT NULL
       )${tableOptions}`,
      // Partial, because a deleted customer releases its email and externalId.
      'CREATE UNIQUE INDEX customers_email_unique ON customers (email_key) WHERE deleted_at IS NULL',
      'CREATE UNIQUE INDEX customers_external_id_unique ON customers (external_id) WHERE deleted_at IS NULL',
      // One for each sort. Not partial, so that includeDeleted can use them too.
      'CREATE INDEX customers_created ON customers (created_at, ordinal)',
      'CREATE INDEX customers_updated ON customers (updated_at, ordinal)',
      'CREATE INDEX customers_name ON customers (name_key, id)',
      // One for each equality filter, in the default sort.
      'CREATE INDEX customers_phone ON customers (phone, created_at, ordinal) WHERE phone IS NOT NULL',
      'CREATE INDEX customers_status ON customers (status, created_at, ordinal)',
      'CREATE INDEX customers_type ON customers (type, created_at, ordinal)',
      `CREATE TABLE customer_tags (
         tag ${text} NOT NULL,
         created_at ${text} NOT NULL,
         ordinal ${integer} NOT NULL REFERENCES customers (ordinal),
         PRIMARY KEY (tag, created_at, ordinal)
       )${tableOptions}`,
      'CREATE INDEX customer_tags_customer ON customer_tags (ordinal)',
      // `changes` is null for a creation; `image` too for an erased version.
      `CREATE TABLE changes (
         position ${integer} PRIMARY KEY,
         customer_id ${uuid} NOT NULL,
         version ${integer} NOT NULL,
         kind ${text} NOT NULL,
         source ${text} NOT NULL,
         at ${text} NOT NULL,
         actor ${text} NOT NULL,
         request_id ${text} NOT NULL,
         changes ${json},
         image ${json},
         UNIQUE (customer_id, version)
       )${tableOptions}`,
      `CREATE TABLE feed_head (position ${integer} NOT NULL)${tableOptions}`,
      'INSERT INTO feed_head (position) VALUES (0)',
      `CREATE TABLE idempotency_keys (
         key_hash ${text} PRIMARY KEY,
         fingerprint ${text} NOT NULL,
         customer_id ${uuid} NOT NULL,
         version ${integer} NOT NULL,
         created ${integer} NOT NULL,
         expires_at ${text} NOT NULL
       )${tableOptions}`,
      'CREATE INDEX idempotency_keys_expiry ON idempotency_keys (expires_at)',
      `CREATE TABLE secrets (name ${text} PRIMARY KEY, value ${text} NOT NULL)${tableOptions}`,
    ];
    for (const statement of statements) await knex.raw(statement);
  },
};
