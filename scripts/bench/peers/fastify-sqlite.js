/**
 * Fastify and better-sqlite3 by hand, schemas compiled, no authentication, no log, no metrics.
 * EQUAL=1 does the writes of the service itself, one transaction a request.
 */
import Fastify from 'fastify';
import { pageOf } from './customer-rows.js';
import { openEqualStore } from './equal-store.js';
import { addRoutes } from './fastify-routes.js';
import { listening } from './listening.js';
import { openStore } from './sqlite-store.js';

const store = openStore(process.env.DATABASE);
const equal = process.env.EQUAL ? openEqualStore(process.env.DATABASE) : undefined;
const app = Fastify();
addRoutes(app, {
  get: (id) => store.get(id),
  list: (limit, cursor) => pageOf(store.list(limit, cursor), limit),
  create: (body) => equal?.create(body) ?? { customer: store.create(body) },
  update(id, patch) {
    if (equal) return equal.update(id, patch);
    const customer = store.update(id, patch);
    return customer && { customer };
  },
});
await app.listen({ host: '127.0.0.1', port: 0 });
listening(app.server.address().port);
