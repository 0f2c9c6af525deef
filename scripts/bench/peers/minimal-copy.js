/** Makes the one table of a minimal service out of a file of ours: node minimal-copy.js FROM TO [search] */
import Database from 'better-sqlite3';

const [from, to, search] = process.argv.slice(2);
const database = new Database(to);
database.pragma('journal_mode = WAL');
database.prepare('ATTACH ? AS ours').run(from);
const { sql } = database.prepare("SELECT sql FROM ours.sqlite_schema WHERE name = 'customers'").get();
database.exec(sql);
database.exec('INSERT INTO main.customers SELECT * FROM ours.customers');
database.exec('CREATE UNIQUE INDEX customers_email ON customers (email_key) WHERE deleted_at IS NULL');
database.exec(
  'CREATE UNIQUE INDEX customers_external_id ON customers (external_id) WHERE deleted_at IS NULL',
);
database.exec('CREATE INDEX customers_created ON customers (created_at, ordinal)');
if (search) {
  database.exec('CREATE TABLE customer_search (ordinal INTEGER PRIMARY KEY, text TEXT NOT NULL)');
  database.exec('INSERT INTO customer_search SELECT ordinal, text FROM ours.customer_search');
  database.exec(
    "CREATE VIRTUAL TABLE customer_search_index USING fts5 (text, content='customer_search', " +
      "content_rowid='ordinal', columnsize=0, tokenize='trigram case_sensitive 1 remove_diacritics 0')",
  );
  database.exec("INSERT INTO customer_search_index (customer_search_index) VALUES ('rebuild')");
}
database.pragma('wal_checkpoint(TRUNCATE)');
database.close();
