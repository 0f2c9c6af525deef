import assert from 'node:assert/strict';

/** Headers for browsers on every response; see `src/http/security-headers.ts`. */
export const headersForBrowsers = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
} as const;

/** Over TLS only: RFC 6797 section 7.2 forbids it otherwise. */
const transportSecurity = 'strict-transport-security';

/** Responses that the caller's own cache may keep; all others are no-store. */
const revalidated = { methods: ['GET', 'HEAD'], statuses: [200, 304], value: 'private, no-cache' };

interface Reply {
  readonly method: string;
  readonly status: number;
  readonly headers: Headers;
  readonly encrypted: boolean;
}

/** Checks headers that every response must have and headers that none may have. */
export function assertHygiene({ method, status, headers, encrypted }: Reply): void {
  const reply = `${method} answered ${status}`;
  for (const [name, value] of Object.entries(headersForBrowsers)) {
    assert.equal(headers.get(name), value, `${reply}: ${name}`);
  }
  assert.equal(headers.has(transportSecurity), encrypted, `${reply}: ${transportSecurity}`);
  for (const name of ['server', 'x-powered-by']) assert.equal(headers.get(name), null, `${reply}: ${name}`);
  const read = headers.has('etag') && revalidated.methods.includes(method);
  const kept = read && revalidated.statuses.includes(status);
  assert.equal(headers.get('cache-control'), kept ? revalidated.value : 'no-store', reply);
}

/** The headers of a response read from a socket: its first lines up to the empty one. */
export function headersOf(head: string): Headers {
  const lines = head.split('\r\n').slice(1);
  return new Headers(lines.map((line) => line.split(/: (.*)/s, 2) as [string, string]));
}
