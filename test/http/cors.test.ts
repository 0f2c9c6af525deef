/** Only CORS_ORIGINS gives scripts of other origins access. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { Customer } from '../../src/contract/types.ts';
import { suiteCleanup } from '../support/cleanup.ts';
import { describeEngines } from '../support/engines.ts';
import { startTestService, type TestService } from '../support/service.ts';

const app = 'https://app.example.com';
const admin = 'http://localhost:5173';
const stranger = 'https://evil.example.com';

/** Origins that only resemble an allowed one. */
const lookalikes = [
  'http://app.example.com',
  `${app}:443`,
  `${app}.evil.example`,
  'https://APP.example.com',
  'null',
];

const exposed = [
  'deprecation',
  'etag',
  'feed-position',
  'idempotency-replayed',
  'link',
  'location',
  'ratelimit',
  'ratelimit-policy',
  'retry-after',
  'sunset',
  'www-authenticate',
  'x-request-id',
];

const listed = (headers: Headers, name: string) =>
  (headers.get(name) ?? '')
    .split(',')
    .map((item) => item.trim().toLowerCase())
    .filter(Boolean);
const corsHeaders = (headers: Headers) =>
  [...headers.keys()].filter((name) => name.startsWith('access-control'));

/** Bypasses the contract check, which has no OPTIONS operations. */
const preflight = ({ url }: TestService, origin: string, method = 'PATCH', path = '/customers') =>
  fetch(url + path, {
    method: 'OPTIONS',
    headers: {
      Origin: origin,
      'Access-Control-Request-Method': method,
      'Access-Control-Request-Headers': 'content-type,if-match,idempotency-key,authorization',
    },
  });

describeEngines('CORS', (engine) => {
  const cleanup = suiteCleanup();
  let closed: TestService;
  let open: TestService;
  let anyone: TestService;
  before(async () => {
    closed = await startTestService(cleanup, { engine });
    open = await startTestService(cleanup, { engine, environment: { CORS_ORIGINS: `${app}, ${admin}` } });
    anyone = await startTestService(cleanup, { engine, environment: { CORS_ORIGINS: '*' } });
  });
  const get = (service: TestService, origin: string, path = '/customers') =>
    service.call('GET', path, { headers: { Origin: origin } });

  test('is off by default: no CORS headers, and OPTIONS is 405', async () => {
    const { status, headers } = await get(closed, admin);
    assert.equal(status, 200);
    assert.deepEqual(corsHeaders(headers), []);
    const reply = await preflight(closed, admin);
    assert.equal(reply.status, 405);
    assert.deepEqual(corsHeaders(reply.headers), []);
  });

  test('lets each listed origin read, with the headers it needs', async () => {
    for (const origin of [app, admin]) {
      const { status, headers } = await get(open, origin);
      assert.equal(status, 200);
      assert.equal(headers.get('access-control-allow-origin'), origin);
      assert.deepEqual(listed(headers, 'access-control-expose-headers').sort(), exposed);
      assert.ok(listed(headers, 'vary').includes('origin'));
    }
  });

  test('lets no other origin read, and refuses it on a service without credentials', async () => {
    for (const origin of [stranger, ...lookalikes]) {
      const { status, headers } = await get(open, origin);
      assert.equal(status, 403);
      assert.equal(headers.get('access-control-allow-origin'), null, origin);
      assert.ok(
        listed(headers, 'vary').includes('origin'),
        'a cache must not serve one origin the response of another',
      );
    }
    assert.ok(listed((await open.call('GET', '/customers')).headers, 'vary').includes('origin'));
  });

  test('answers the preflight of a listed origin, for every method and request header', async () => {
    const { json } = await open.call<Customer>('POST', '/customers', { body: { name: 'x' } });
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']) {
      for (const path of ['/customers', `/customers/${json.id}`, `/customers/${json.id}/restore`]) {
        const { status, headers } = await preflight(open, app, method, path);
        assert.equal(status, 204);
        assert.equal(headers.get('access-control-allow-origin'), app);
        const methods = ['delete', 'get', 'head', 'patch', 'post', 'put'];
        assert.deepEqual(listed(headers, 'access-control-allow-methods').sort(), methods);
        const names = ['authorization', 'content-type', 'idempotency-key', 'if-match'];
        assert.deepEqual(listed(headers, 'access-control-allow-headers').sort(), names);
        assert.match(headers.get('access-control-max-age') ?? '', /^\d+$/);
        assert.match(
          headers.get('x-request-id') ?? 'none',
          /^[0-9a-f-]{36}$/,
          'a response without X-Request-Id',
        );
      }
    }
  });

  test('allows no other origin in a preflight', async () => {
    for (const origin of [stranger, ...lookalikes]) {
      const { headers } = await preflight(open, origin);
      assert.equal(headers.get('access-control-allow-origin'), null, origin);
    }
  });

  test('lets a listed origin read error responses too', async () => {
    const refusals = [
      await open.call('GET', '/customers?limit=0', { headers: { Origin: app } }),
      await open.call('GET', '/nowhere', { headers: { Origin: app } }),
      await open.call('PUT', '/customers', { headers: { Origin: app } }),
      await open.call('GET', '/customers', { headers: { Origin: app, Accept: 'text/html' } }),
      await open.call('POST', '/customers', { body: '{', headers: { Origin: app } }),
      await open.call('POST', '/customers', { body: {}, headers: { Origin: app } }),
      await open.call('POST', '/customers', { body: ' '.repeat(70_000), headers: { Origin: app } }),
      await open.call('POST', '/customers', {
        body: 'x',
        headers: { Origin: app, 'Content-Type': 'text/plain' },
      }),
    ];
    assert.deepEqual(
      refusals.map(({ status }) => status),
      [400, 404, 405, 406, 400, 422, 413, 415],
    );
    for (const { status, headers } of refusals) {
      assert.equal(headers.get('access-control-allow-origin'), app, String(status));
      assert.ok(listed(headers, 'access-control-expose-headers').includes('x-request-id'), String(status));
    }
  });

  test('lets any origin read when it is *, but never with credentials', async () => {
    for (const origin of [app, stranger, 'null']) {
      const { headers } = await get(anyone, origin);
      assert.equal(headers.get('access-control-allow-origin'), '*');
      assert.equal(headers.get('access-control-allow-credentials'), null);
      const reply = await preflight(anyone, origin);
      assert.deepEqual([reply.status, reply.headers.get('access-control-allow-origin')], [204, '*']);
      assert.equal(reply.headers.get('access-control-allow-credentials'), null);
    }
    assert.equal((await preflight(open, app)).headers.get('access-control-allow-credentials'), null);
  });
});
