/** The one table of a minimal service, in a schema of its own beside ours: node postgres-copy.js URL */
import pg from 'pg';

const client = new pg.Client({ connectionString: process.argv[2] });
await client.connect();
await client.query(`DROP SCHEMA IF EXISTS peer CASCADE;
  CREATE SCHEMA peer;
  CREATE TABLE peer.customers (LIKE public.customers INCLUDING IDENTITY);
  INSERT INTO peer.customers OVERRIDING SYSTEM VALUE SELECT * FROM public.customers;
  ALTER TABLE peer.customers ADD PRIMARY KEY (ordinal), ADD UNIQUE (id);
  CREATE UNIQUE INDEX ON peer.customers (email_key) WHERE deleted_at IS NULL;
  CREATE UNIQUE INDEX ON peer.customers (external_id) WHERE deleted_at IS NULL;
  CREATE INDEX ON peer.customers (created_at, ordinal);
  SELECT setval(pg_get_serial_sequence('peer.customers', 'ordinal'), (SELECT max(ordinal) FROM peer.customers))`);
await client.query('VACUUM (ANALYZE) peer.customers');
await client.end();
