/** What is asked of the servers. */
import { commonTerm, emailOf, idOf, scramble } from './dataset.ts';
import type { LoadRequest } from './load.ts';
import { pagesOf } from './pages.ts';
import type { Server } from './servers.ts';

export const operationNames = ['get', 'list', 'first-page', 'search', 'post', 'post-keyed', 'patch'] as const;
export type OperationName = (typeof operationNames)[number];

export const operationTitles: Readonly<Record<OperationName, string>> = {
  get: 'GET one',
  list: 'list of 20, many pages',
  'first-page': 'list of 20, the same page for all',
  search: 'search, many pages',
  post: 'POST',
  'post-keyed': 'POST with Idempotency-Key',
  patch: 'PATCH',
};

/** Enough that no cache of a few holds them, and few enough to be kept by the generator. */
const different = 5000;

/** Equal pages that are asked for at once are one query of the service: those who ask for others are measured too. */
const differentPages = 200;

/** What an operation is measured with on this server, over so many customers. */
export async function requestsOn(
  server: Server,
  name: OperationName,
  customers: number,
): Promise<readonly LoadRequest[]> {
  if (name === 'list') return pagesOf(server, '/customers?limit=20', differentPages);
  if (name === 'search') return pagesOf(server, `/customers?limit=20&q=${commonTerm}`, differentPages);
  return requestsFor(name, customers);
}

/** The same for every server, picked evenly. */
export function requestsFor(
  name: Exclude<OperationName, 'list' | 'search'>,
  customers: number,
): readonly LoadRequest[] {
  const anyId = (salt: number) => idOf(scramble(salt) % customers);
  switch (name) {
    case 'get':
      return times(different, (salt) => get(`/customers/${anyId(salt)}`));
    case 'first-page':
      return [get('/customers?limit=20')];
    case 'post':
    case 'post-keyed':
      return times(50, (salt) => ({ method: 'POST', path: '/customers', body: newCustomer(salt) }));
    case 'patch':
      return times(different, (salt) => ({
        method: 'PATCH',
        path: `/customers/${anyId(salt)}`,
        body: '{"note":"called back, ticket {n}"}',
      }));
  }
}

export function headersFor(name: OperationName): Readonly<Record<string, string>> {
  if (name === 'patch') return { 'Content-Type': 'application/merge-patch+json' };
  if (name === 'post') return { 'Content-Type': 'application/json' };
  if (name === 'post-keyed') return { 'Content-Type': 'application/json', 'Idempotency-Key': '1' };
  return {};
}

/** A customer of about 300 bytes with a unique email. */
function newCustomer(salt: number): string {
  return JSON.stringify({
    type: 'person',
    name: `Grace Hopper ${scramble(salt).toString(36)}`,
    email: `new{n}.${emailOf(salt)}`,
    locale: 'en-GB',
    address: { line1: '1 High Street', city: 'London', postalCode: 'E1 6AN', country: 'GB' },
    tags: ['retail', 'new'],
    metadata: { segment: 's1' },
  });
}

const get = (path: string): LoadRequest => ({ method: 'GET', path });

function times<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}
