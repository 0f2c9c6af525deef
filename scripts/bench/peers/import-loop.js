/**
 * What somebody would write by hand to load a file: NDJSON lines into the same tables and indexes (a file of ours),
 * 1,000 in a transaction at synchronous=FULL. Nothing is validated. Prints rows and milliseconds.
 */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { searchText } from '../../../dist/domain/search-text.js';
import { columns, created, rowOf } from './customer-rows.js';
import { openDatabase } from './sqlite-store.js';

const [file, source] = process.argv.slice(2);
const database = openDatabase(file);
const insert = database.prepare(
  `INSERT INTO customers (${columns}) VALUES (${columns.map((name) => `@${name}`)})`,
);
const addTag = database.prepare('INSERT INTO customer_tags (tag, created_at, ordinal) VALUES (?, ?, ?)');
const addText = database.prepare('INSERT INTO customer_search (ordinal, text) VALUES (?, ?)');
const advance = database.prepare('UPDATE feed_head SET position = position + ? RETURNING position');
const log = database.prepare(
  'INSERT INTO changes (position, customer_id, version, kind, source, at, actor, request_id, changes, image) ' +
    "VALUES (?, ?, 1, 'created', 'import', ?, 'peer', 'peer', NULL, ?)",
);
const load = database.transaction((lines) => {
  let { position } = advance.get(lines.length);
  position -= lines.length;
  for (const line of lines) {
    const customer = created(JSON.parse(line));
    const { lastInsertRowid: ordinal } = insert.run(rowOf(customer));
    for (const tag of customer.tags) addTag.run(tag, customer.createdAt, ordinal);
    addText.run(ordinal, searchText(customer));
    log.run(++position, customer.id, customer.createdAt, JSON.stringify(customer));
  }
});

const startedAt = performance.now();
let rows = 0;
let lines = [];
for await (const line of createInterface({ input: createReadStream(source) })) {
  lines.push(line);
  if (lines.length < 1000) continue;
  load.immediate(lines);
  rows += lines.length;
  lines = [];
}
if (lines.length > 0) load.immediate(lines);
rows += lines.length;
process.stdout.write(`${JSON.stringify({ rows, ms: performance.now() - startedAt })}\n`);
database.close();
