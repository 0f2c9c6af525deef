/** The routes of a customer service in Fastify, over any store. */
import { schemaNamed } from './contract-schemas.js';

const customer = schemaNamed('Customer');
const list = {
  type: 'object',
  properties: { items: { type: 'array', items: customer }, nextCursor: { type: 'string', nullable: true } },
};
const id = { type: 'object', properties: { customerId: { type: 'string', pattern: '^[0-9a-f-]{36}$' } } };
const query = {
  type: 'object',
  properties: {
    limit: { type: 'integer', minimum: 1, maximum: 100, default: 20 },
    cursor: { type: 'string', maxLength: 500 },
  },
};

export function addRoutes(app, store) {
  app.addContentTypeParser(
    'application/merge-patch+json',
    { parseAs: 'string' },
    app.getDefaultJsonParser('error', 'error'),
  );

  app.get(
    '/customers/:customerId',
    { schema: { params: id, response: { 200: customer } } },
    async (request, reply) => {
      const found = await store.get(request.params.customerId);
      if (found) return found;
      reply.code(404);
      return { title: 'Not found' };
    },
  );

  app.get('/customers', { schema: { querystring: query, response: { 200: list } } }, (request) =>
    store.list(request.query.limit, request.query.cursor),
  );

  const createSchema = { body: schemaNamed('CustomerCreate'), response: { 201: customer } };
  app.post('/customers', { schema: createSchema }, async (request, reply) => {
    const { customer, position } = await store.create(request.body);
    reply.code(201).header('location', `/customers/${customer.id}`).header('etag', customer.etag);
    if (position) reply.header('feed-position', position);
    return customer;
  });

  const updateSchema = { params: id, body: schemaNamed('CustomerUpdate'), response: { 200: customer } };
  app.patch('/customers/:customerId', { schema: updateSchema }, async (request, reply) => {
    const changed = await store.update(request.params.customerId, request.body);
    if (!changed) {
      reply.code(404);
      return { title: 'Not found' };
    }
    reply.header('etag', changed.customer.etag);
    if (changed.position) reply.header('feed-position', changed.position);
    return changed.customer;
  });
}
