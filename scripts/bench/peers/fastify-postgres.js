/** Fastify and pg by hand: its default pool, one prepared query a request (a PATCH reads first, so it has two). */
import Fastify from 'fastify';
import pg from 'pg';
import { columns, created, customerOf, pageOf, patched, positionOf, rowOf } from './customer-rows.js';
import { addRoutes } from './fastify-routes.js';
import { listening } from './listening.js';

const pool = new pg.Pool({ connectionString: process.env.DATABASE, options: '-c search_path=peer' });
const statements = {
  get: 'SELECT * FROM customers WHERE id = $1 AND deleted_at IS NULL',
  first: 'SELECT * FROM customers WHERE deleted_at IS NULL ORDER BY created_at DESC, ordinal DESC LIMIT $1',
  next:
    'SELECT * FROM customers WHERE deleted_at IS NULL AND (created_at, ordinal) < ($2, $3) ' +
    'ORDER BY created_at DESC, ordinal DESC LIMIT $1',
  create: `INSERT INTO customers (${columns}) VALUES (${columns.map((_, index) => `$${index + 1}`)})`,
  update:
    `UPDATE customers SET ${columns.map((name, index) => `${name} = $${index + 1}`)} ` +
    `WHERE id = $1 AND version = $${columns.indexOf('version') + 1} - 1`,
};

async function run(name, values) {
  return (await pool.query({ name, text: statements[name], values })).rows;
}

const valuesOf = (customer) => {
  const row = rowOf(customer);
  return columns.map((name) => row[name]);
};

const app = Fastify();
addRoutes(app, {
  async get(id) {
    const [row] = await run('get', [id]);
    return row && customerOf(row);
  },
  async list(limit, cursor) {
    const rows = cursor
      ? await run('next', [limit + 1, ...positionOf(cursor)])
      : await run('first', [limit + 1]);
    return pageOf(rows, limit);
  },
  async create(body) {
    const customer = created(body);
    await run('create', valuesOf(customer));
    return { customer };
  },
  async update(id, patch) {
    const [row] = await run('get', [id]);
    if (!row) return undefined;
    const customer = patched(customerOf(row), patch);
    await run('update', valuesOf(customer));
    return { customer };
  },
});
await app.listen({ host: '127.0.0.1', port: 0 });
listening(app.server.address().port);
