/** One table in SQLite, by hand: what a small service needs, and nothing else. */
import Database from 'better-sqlite3';
import { columns, created, customerOf, patched, positionOf, rowOf } from './customer-rows.js';

export function openDatabase(file) {
  const database = new Database(file);
  // better-sqlite3's own default is NORMAL, which can lose acknowledged writes in a power cut.
  for (const pragma of [
    'journal_mode = WAL',
    'synchronous = FULL',
    'foreign_keys = ON',
    'cache_size = -65536',
  ]) {
    database.pragma(pragma);
  }
  return database;
}

export function openStore(file) {
  const database = openDatabase(file);
  const byId = database.prepare('SELECT * FROM customers WHERE id = ?');
  const first = database.prepare(
    'SELECT * FROM customers WHERE deleted_at IS NULL ORDER BY created_at DESC, ordinal DESC LIMIT ?',
  );
  const next = database.prepare(
    'SELECT * FROM customers WHERE deleted_at IS NULL AND (created_at, ordinal) < (?, ?) ' +
      'ORDER BY created_at DESC, ordinal DESC LIMIT ?',
  );
  const insert = database.prepare(
    `INSERT INTO customers (${columns}) VALUES (${columns.map((name) => `@${name}`)})`,
  );
  const update = database.prepare(
    `UPDATE customers SET ${columns.map((name) => `${name} = @${name}`)} WHERE id = @id AND version = @version - 1`,
  );
  const change = database.transaction((id, patch) => {
    const row = byId.get(id);
    if (!row || row.deleted_at !== null) return undefined;
    const after = patched(customerOf(row), patch);
    update.run(rowOf(after));
    return after;
  });
  return {
    get(id) {
      const row = byId.get(id);
      return row && row.deleted_at === null ? customerOf(row) : undefined;
    },
    list: (limit, cursor) =>
      cursor === undefined ? first.all(limit + 1) : next.all(...positionOf(cursor), limit + 1),
    create(body) {
      const customer = created(body);
      insert.run(rowOf(customer));
      return customer;
    },
    update: (id, patch) => change.immediate(id, patch),
  };
}
