/**
 * Compiles unchanged. Each faulty handler is this text with one change, so that nothing else can be at fault.
 */
export const control = `
import type { Handlers } from '../../src/contract/handler.ts';
import type { Rendered } from '../../src/contract/types.ts';
import type { ChangePage, Customer, CustomerHistory, CustomerList, ErasureReceipt } from '../../src/contract/types.ts';

interface Context { readonly principal: string }
type Id = keyof Handlers<Context>;
type Handler<Operation extends Id> = Handlers<Context>[Operation];
type Reply<Operation extends Id> = Awaited<ReturnType<Handler<Operation>>>;
declare const customer: Customer;
declare const renderedCustomer: Rendered<Customer>;
declare const renderedList: Rendered<CustomerList>;
declare const receipt: ErasureReceipt;
declare const history: Rendered<CustomerHistory>;
declare const changes: ChangePage;
declare const stream: AsyncIterable<Uint8Array>;
const noStore = { 'Cache-Control': 'no-store' };
const cache = { ETag: '"1"', 'Cache-Control': 'private' };
const feed = { 'Feed-Position': '1' };

export const get: Handler<'getCustomer'> = ({ path, headers, principal }) => {
  if (headers['If-None-Match'] === '"1"') return { status: 304, headers: cache };
  return { status: 200, headers: cache, body: { ...customer, id: path.customerId, note: principal } };
};
export const getRendered: Handler<'getCustomer'> = async () => {
  return { status: 200, headers: cache, body: renderedCustomer };
};
export const create: Handler<'createCustomer'> = ({ query, body }) => {
  if (query.validateOnly) return { status: 200, body: customer };
  const located = { Location: '/customers/1', ETag: '"1"', ...feed };
  return { status: 201, headers: located, body: { ...customer, name: body.name } };
};
export const handlers: Handlers<Context> = {
  listCustomers: ({ query }) => ({ status: query.limit === 1 ? 200 : 200, headers: cache, body: renderedList }),
  createCustomer: create,
  getCustomer: get,
  replaceCustomer: ({ body }) => ({ status: 200, body: { ...customer, name: body.name } }),
  updateCustomer: ({ body }) => ({ status: 200, body: { ...customer, name: body.name ?? 'kept' } }),
  deleteCustomer: () => ({ status: 204, headers: feed }),
  restoreCustomer: () => ({ status: 200, headers: { ETag: '"5"', ...feed }, body: customer }),
  eraseCustomer: () => ({ status: 200, headers: feed, body: receipt }),
  getCustomerByExternalId: () => ({ status: 200, body: customer, headers: cache }),
  upsertCustomerByExternalId: ({ body }) => ({ status: 200, body: { ...customer, name: body.name } }),
  exportCustomers: ({ accepts }) => ({ status: 200, headers: feed, body: stream, mediaType: accepts }),
  importCustomers: ({ body }) => ({ status: 200, mediaType: 'application/x-ndjson', body }),
  getCustomerHistory: () => ({ status: 200, headers: noStore, body: history }),
  listChanges: ({ accepts }) => {
    if (accepts === 'application/json') return { status: 200, headers: noStore, body: changes };
    return { status: 200, headers: noStore, mediaType: accepts, body: stream };
  },
};
const restoredHeaders = { ETag: '"5"', ...feed };
export const restored: Reply<'restoreCustomer'> = { status: 200, headers: restoredHeaders, body: customer };
`;
