import { randomUUID } from 'node:crypto';
import type { Random } from '../support/random.ts';
import type { HostileRequest } from './hostile-request.ts';
import { hostileTargets } from './hostile-targets.ts';
import { minimalRequest } from './request-matrix.ts';

/** Endless requests that never repeat an id, key, media type, path or name. */
export function* variedRequests(random: Random): Generator<HostileRequest> {
  const minimalRequests = hostileTargets.map(minimalRequest);
  for (let number = 0; ; number++) {
    const least = random.pick(minimalRequests);
    const unique = `u${number}-${random.integer(0, 2 ** 31)}`;
    yield (number % 4 === 0 ? newMediaType : random.pick(variations))(least, unique);
  }
}

const withHeaders = (request: HostileRequest, headers: Record<string, string>): HostileRequest => ({
  ...request,
  headers: { ...request.headers, ...headers },
});

type Variation = (request: HostileRequest, unique: string) => HostileRequest;

/** Frequent, because it is known to fill the validator's memory. */
const newMediaType: Variation = (request, unique) =>
  withHeaders(request, { 'Content-Type': `application/json; p=${unique}` });

/** Each gives a cache, table or label a value it has never seen. */
const variations: readonly Variation[] = [
  (request) => request,
  (request, unique) => withHeaders(request, { 'Idempotency-Key': unique, 'X-Request-Id': unique }),
  (request, unique) => withHeaders(request, { 'Content-Type': `application/${unique}+json; charset=utf-8` }),
  (request, unique) => withHeaders(request, { Accept: `application/${unique}, */*;q=0.1` }),
  (request, unique) =>
    withHeaders(request, { traceparent: `00-${unique}`, 'User-Agent': unique, [`X-${unique}`]: 'x' }),
  (request, unique) => withHeaders(request, { 'If-Match': `"${unique}"`, 'If-None-Match': `"${unique}"` }),
  (request, unique) =>
    withHeaders(request, { Host: `${unique}.example`, Origin: `https://${unique}.example` }),
  (request, unique) => ({ ...request, path: everyPath(request, unique) }),
  (request) => ({ ...request, path: everyPath(request, randomUUID()) }),
  (request, unique) => ({ ...request, query: [[unique, '1']] }),
  (request, unique) => ({ ...request, query: [['tag', unique]] }),
  (request, unique) => ({ ...request, query: [['cursor', unique.repeat(3)]] }),
  (request, unique) => ({ ...request, target: { ...request.target, path: `/${unique}/{customerId}` } }),
  (request, unique) => ({ ...request, method: `M-SEARCH`, headers: { 'X-Unique': unique } }),
  (request, unique) => withBody(request, { name: unique, email: `${unique}@example.com`, tags: [unique] }),
  (request, unique) => withBody(request, { name: unique, metadata: { [unique.slice(0, 40)]: unique } }),
  (request, unique) => withBody(request, { name: unique, [unique]: unique }),
];

function everyPath({ path }: HostileRequest, value: string): Record<string, string> {
  return Object.fromEntries(Object.keys(path).map((name) => [name, value]));
}

function withBody(request: HostileRequest, body: object): HostileRequest {
  return request.body === undefined ? request : { ...request, body: Buffer.from(JSON.stringify(body)) };
}
