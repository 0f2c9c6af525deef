/**
 * A service without credentials on loopback serves this machine but no other site's web pages.
 *
 * Planted, and each failed: `Host` compared by prefix, `Origin` ignored, the authority of an absolute-form
 * target ignored.
 */
import assert from 'node:assert/strict';
import { before, suite, test } from 'node:test';
import { suiteCleanup } from '../support/cleanup.ts';
import { startTestService, type TestService } from '../support/service.ts';

const ownHosts = [
  'localhost',
  'LOCALHOST:8080',
  '127.0.0.1',
  '127.0.0.1:1',
  '127.1.2.3',
  '[::1]:8080',
  'app.localhost:3000',
];
const otherHosts = [
  'evil.example.com',
  'localhost.evil.example.com',
  '127.0.0.1.evil.example.com',
  'evil.example.com:8080',
  '128.0.0.1',
  '0.0.0.0:8080',
  '2130706433',
  '[::2]',
  'xlocalhost',
];
/** Malformed hosts, refused before the guard. */
const noHosts = ['localhost@evil.example.com', 'evil.example.com#localhost', 'localhost:x', ''];
const ownOrigins = [
  'http://localhost:3000',
  'https://localhost',
  'http://127.0.0.1:8080',
  'http://[::1]',
  'http://app.localhost',
];
const otherOrigins = [
  'https://evil.example.com',
  'http://localhost.evil.example.com',
  'http://localhost@evil.example.com',
  'https://app.example.com.evil.example',
  'null',
  'file://',
  'chrome-extension://abc',
  'http://localhost,http://evil.example.com',
];

suite('loopback guard', () => {
  const cleanup = suiteCleanup();
  let service: TestService;
  before(async () => {
    const environment = { CORS_ORIGINS: 'https://app.example.com' };
    service = await startTestService(cleanup, { engine: 'sqlite', environment });
  });
  const send = (line: string, headers: string) =>
    service.raw(`${line} HTTP/1.1\r\n${headers}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);

  test('accepts loopback names and no others, on every path', async (context) => {
    for (const host of ownHosts) {
      assert.equal((await send('GET /customers', `Host: ${host}`)).status, 200, host);
    }
    for (const host of otherHosts) {
      for (const path of ['/customers', '/livez', '/openapi.json', '/metrics', '/nowhere']) {
        const { status, text } = await send(`GET ${path}`, `Host: ${host}`);
        assert.equal(status, 403, `${host} ${path}`);
        assert.match(text, /"code":"untrusted_origin"/);
      }
    }
    for (const host of noHosts) {
      assert.equal((await send('GET /customers', `Host: ${host}`)).status, 400, host);
    }
    context.diagnostic(`${ownHosts.length} names accepted, ${otherHosts.length + noHosts.length} refused`);
  });

  test('uses the host of an absolute-form target if there is one', async () => {
    const evil = 'evil.example.com';
    assert.equal((await send(`GET http://${evil}/customers`, `Host: ${evil}`)).status, 403);
    assert.equal((await send('GET http://localhost/customers', 'Host: localhost')).status, 200);
    // Two hosts are ambiguous.
    assert.equal((await send(`GET http://${evil}/customers`, 'Host: localhost')).status, 400);
    assert.equal((await send('GET http://localhost/customers', `Host: ${evil}`)).status, 400);
  });

  test('refuses pages of other sites, except those in CORS_ORIGINS', async (context) => {
    for (const origin of [...ownOrigins, 'https://app.example.com']) {
      const { status } = await send('GET /customers', `Host: localhost\r\nOrigin: ${origin}`);
      assert.equal(status, 200, origin);
    }
    for (const origin of otherOrigins) {
      for (const line of ['GET /customers', 'POST /customers', 'DELETE /customers/x', 'GET /metrics']) {
        const { status, text } = await send(line, `Host: localhost\r\nOrigin: ${origin}`);
        assert.equal(status, 403, `${line} ${origin}`);
        assert.match(text, /"code":"untrusted_origin"/);
      }
    }
    context.diagnostic(`${otherOrigins.length} origins refused`);
  });

  test('is off for services with credentials, which already keep other sites out', async (context) => {
    const environment = { AUTH: 'keys' };
    const closed = await startTestService(context, { engine: 'sqlite', environment });
    const headers = { Host: 'customers.example.com', Origin: 'https://evil.example.com' };
    assert.equal((await closed.call('GET', '/livez', { headers })).status, 200);
    assert.equal((await closed.call('GET', '/customers', { headers })).status, 401);
    // Metrics need no credential, so they accept loopback names only.
    const { status } = await closed.raw(
      'GET /metrics HTTP/1.1\r\nHost: evil.example.com\r\nConnection: close\r\n\r\n',
    );
    assert.equal(status, 401);
  });
});
