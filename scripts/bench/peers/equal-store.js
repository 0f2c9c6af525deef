/**
 * The same work as the service does, by hand and one transaction a request: the same tables and indexes (it opens
 * a copy of the service's own file), tags, search index, history row with the whole image, feed position.
 */
import { searchText } from '../../../dist/domain/search-text.js';
import { columns, created, customerOf, patched, rowOf } from './customer-rows.js';
import { openDatabase } from './sqlite-store.js';

export function openEqualStore(file) {
  const database = openDatabase(file);
  database.pragma('secure_delete = ON');
  const byId = database.prepare('SELECT * FROM customers WHERE id = ?');
  const insert = database.prepare(
    `INSERT INTO customers (${columns}) VALUES (${columns.map((name) => `@${name}`)})`,
  );
  const update = database.prepare(
    `UPDATE customers SET ${columns.map((name) => `${name} = @${name}`)} WHERE id = @id AND version = @version - 1`,
  );
  const addTag = database.prepare('INSERT INTO customer_tags (tag, created_at, ordinal) VALUES (?, ?, ?)');
  const dropTags = database.prepare('DELETE FROM customer_tags WHERE ordinal = ?');
  const addText = database.prepare('INSERT INTO customer_search (ordinal, text) VALUES (?, ?)');
  const setText = database.prepare('UPDATE customer_search SET text = ? WHERE ordinal = ?');
  const advance = database.prepare('UPDATE feed_head SET position = position + 1 RETURNING position');
  const log = database.prepare(
    'INSERT INTO changes (position, customer_id, version, kind, source, at, actor, request_id, changes, image) ' +
      "VALUES (@position, @id, @version, @kind, 'api', @at, 'peer', @requestId, @changes, @image)",
  );

  function record(customer, kind, changes) {
    const { position } = advance.get();
    const { id, version, updatedAt: at } = customer;
    const image = JSON.stringify(customer);
    log.run({ position, id, version, kind, at, requestId: id, changes, image });
    return { customer, position };
  }

  const create = database.transaction((body) => {
    const customer = created(body);
    const { lastInsertRowid: ordinal } = insert.run(rowOf(customer));
    for (const tag of customer.tags) addTag.run(tag, customer.createdAt, ordinal);
    addText.run(ordinal, searchText(customer));
    return record(customer, 'created', null);
  });

  const change = database.transaction((id, patch) => {
    const row = byId.get(id);
    if (!row || row.deleted_at !== null) return undefined;
    const before = customerOf(row);
    const after = patched(before, patch);
    update.run(rowOf(after));
    if (JSON.stringify(before.tags) !== JSON.stringify(after.tags)) {
      dropTags.run(row.ordinal);
      for (const tag of after.tags) addTag.run(tag, after.createdAt, row.ordinal);
    }
    if (searchText(before) !== searchText(after)) setText.run(searchText(after), row.ordinal);
    const changed = Object.keys(patch).map((name) => [name, { before: before[name], after: after[name] }]);
    return record(after, 'updated', JSON.stringify(Object.fromEntries(changed)));
  });

  return { create: (body) => create.immediate(body), update: (id, patch) => change.immediate(id, patch) };
}
