/**
 * The service's own packages wired as their READMEs show: express, express-openapi-validator on the same contract,
 * Knex's query builder on sqlite3 with its default pool. Milder than the READMEs in two things: replies are not
 * validated, and the search has the same index that the service's has.
 */
import { fileURLToPath } from 'node:url';
import express from 'express';
import * as OpenApiValidator from 'express-openapi-validator';
import knexFactory from 'knex';
import { created, customerOf, pageOf, patched, positionOf, rowOf } from './customer-rows.js';
import { listening } from './listening.js';

const knex = knexFactory({
  client: 'sqlite3',
  connection: { filename: process.env.DATABASE },
  useNullAsDefault: true,
});
await knex.raw('PRAGMA journal_mode = WAL');
await knex.raw('PRAGMA synchronous = FULL');

const app = express();
app.use(express.json({ type: ['application/json', 'application/merge-patch+json'] }));
app.use(
  OpenApiValidator.middleware({
    apiSpec: fileURLToPath(new URL('../../../openapi.yaml', import.meta.url)),
    validateRequests: true,
    validateResponses: false,
    validateSecurity: false,
  }),
);

app.get('/customers/:customerId', async (request, response) => {
  const row = await knex('customers')
    .where({ id: request.params.customerId })
    .whereNull('deleted_at')
    .first();
  if (row) response.json(customerOf(row));
  else response.status(404).json({ title: 'Not found' });
});

app.get('/customers', async (request, response) => {
  const { limit = 20, cursor, q } = request.query;
  const query = knex('customers')
    .select('customers.*')
    .whereNull('deleted_at')
    .orderBy([
      { column: 'created_at', order: 'desc' },
      { column: 'ordinal', order: 'desc' },
    ])
    .limit(limit + 1);
  if (cursor) query.whereRaw('(created_at, ordinal) < (?, ?)', positionOf(cursor));
  if (q)
    query
      .clearOrder()
      .orderBy('found.rowid', 'desc')
      .joinRaw('JOIN customer_search_index AS found ON found.rowid = customers.ordinal')
      .whereRaw('found.text MATCH ?', [`"${q}"`]);
  response.json(pageOf(await query, limit));
});

app.post('/customers', async (request, response) => {
  const customer = created(request.body);
  await knex('customers').insert(rowOf(customer));
  response.status(201).location(`/customers/${customer.id}`).json(customer);
});

app.patch('/customers/:customerId', async (request, response) => {
  const changed = await knex.transaction(async (transaction) => {
    const row = await transaction('customers')
      .where({ id: request.params.customerId })
      .whereNull('deleted_at')
      .first();
    if (!row) return undefined;
    const after = patched(customerOf(row), request.body);
    await transaction('customers').where({ id: after.id }).update(rowOf(after));
    return after;
  });
  if (changed) response.json(changed);
  else response.status(404).json({ title: 'Not found' });
});

app.use((error, _request, response, _next) => {
  response.status(error.status ?? 500).json({ message: error.message, errors: error.errors });
});

const server = app.listen(0, '127.0.0.1', () => listening(server.address().port));
