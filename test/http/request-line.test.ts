/** Everything before the body: path, URL, Host, number and size of headers, Expect. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { Customer, Problem } from '../../src/contract/types.ts';
import { suiteCleanup } from '../support/cleanup.ts';
import { describeEngines } from '../support/engines.ts';
import { assertHygiene, headersOf } from '../support/response-hygiene.ts';
import { startTestService, type TestService } from '../support/service.ts';

const maxUrlLength = 8192;
const maxHeaders = 100;

const close = 'Connection: close\r\n';
const end = `${close}\r\n`;
const repeated = (count: number) => Array.from({ length: count }, (_, i) => `X-H${i}: v\r\n`).join('');

describeEngines('request line', (engine) => {
  const cleanup = suiteCleanup();
  let service: TestService;
  let id: string;
  before(async () => {
    service = await startTestService(cleanup, { engine });
    id = (await service.call<Customer>('POST', '/customers', { body: { name: 'Here' } })).json.id;
  });

  /** Sends the bytes and asserts a complete problem document on a connection that is closed. */
  async function refused(bytes: string, status: number, code: string) {
    const reply = await service.raw(Buffer.from(bytes, 'latin1'));
    const title = JSON.stringify(bytes.slice(0, 120));
    assert.equal(reply.status, status, `${title}: ${reply.text.slice(0, 200)}`);
    const [head = '', body = ''] = reply.text.split('\r\n\r\n');
    const problem = JSON.parse(body) as Problem;
    assert.deepEqual([problem.status, problem.code], [status, code], title);
    assert.match(head, /^content-type: application\/problem\+json$/im);
    assert.equal(/^x-request-id: (.+)$/im.exec(head)?.[1], problem.requestId, title);
    assertHygiene({ method: 'GET', status, headers: headersOf(head), encrypted: false });
    assert.ok(reply.closed, `${title}: the connection stays open`);
    return problem;
  }
  const accepted = async (bytes: string) => {
    const reply = await service.raw(Buffer.from(bytes, 'latin1'));
    assert.equal(reply.status, 200, `${JSON.stringify(bytes.slice(0, 120))}: ${reply.text.slice(0, 200)}`);
    return reply;
  };

  test('404 for a path that does not match exactly', async (t) => {
    const paths = [
      ...['/', '//', '/customer', '/v1/customers', '/api/customers', '/favicon.ico', '/customersx', '/*'],
      ...['/customers/', '//customers', '/customers//', '/Customers', '/CUSTOMERS', '/customers;v=1'],
      ...[`/customers/${id}/`, `/customers//${id}`, `//customers/${id}`, `/Customers/${id}`],
      ...[`/customers/${id}/restore/`, `/customers/${id}/Restore`, `/customers/${id}//restore`],
      ...[`/customers/${id}/restore/x`, `/customers/${id}/erased`, '/customers%2F', '/customers%2f%2f'],
      ...['/livez/', '/LIVEZ', '//livez', '/readyz/', '/Metrics', '/metrics/', '/openapi.YAML', '/openapi'],
    ];
    const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];
    for (const path of paths) {
      for (const method of methods) {
        const body = /^P/.test(method) ? { name: 'Never' } : undefined;
        const { status, text } = await service.call(method, path, { body });
        assert.equal(status, 404, `${method} ${path}`);
        if (method !== 'HEAD') assert.equal(JSON.parse(text).code, 'not_found', `${method} ${path}`);
      }
    }
    t.diagnostic(`${paths.length * methods.length} requests, 0 wrong`);
  });

  test('404 for dot segments and other detours, which are not resolved', async () => {
    for (const path of ['/customers/../customers', '/./customers', '/x/../customers', '/customers/./']) {
      await refused(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n${end}`, 404, 'not_found');
    }
  });

  test('400 for a URL that is not percent-encoded UTF-8 or contains U+0000', async () => {
    for (const bad of ['%', '%4', '%zz', '%C3', '%FF', '%ED%A0%80', '%F5%80%80%80', '%00', 'a%00b']) {
      for (const target of [`/customers?tag=${bad}`, `/customers/${bad}`, `/${bad}`, `/customers?${bad}=1`]) {
        await refused(`GET ${target} HTTP/1.1\r\nHost: localhost\r\n${end}`, 400, 'malformed_request');
      }
    }
  });

  test('200 for an absolute-form target', async () => {
    await accepted(`GET http://localhost/customers?limit=1 HTTP/1.1\r\nHost: localhost\r\n${end}`);
    await accepted(`GET HTTP://localhost:8080/livez HTTP/1.1\r\nHost: Localhost:8080\r\n${end}`);
    await refused(`GET http://localhost HTTP/1.1\r\nHost: localhost\r\n${end}`, 404, 'not_found');
  });

  test('200 with a valid URL in Link, for any characters in the query', async () => {
    for (let count = 0; count < 2; count++) {
      await service.call('POST', '/customers', { body: { name: 'Marked', tags: ['a>b'] } });
    }
    const { text } = await accepted(`GET /customers?limit=1&tag=a>b HTTP/1.1\r\nHost: localhost\r\n${end}`);
    const target = /^link: <([^<>]*)>; rel="next"\r$/im.exec(text)?.[1];
    assert.ok(target, /^link:.*$/im.exec(text)?.[0]);
    assert.equal((await service.call('GET', target)).status, 200);
  });

  test('414 when the URL is longer than 8,192 characters', async () => {
    const urlOf = (length: number) => '/customers?x='.padEnd(length, 'a');
    assert.equal((await service.call('GET', urlOf(maxUrlLength))).status, 400, 'x is unknown');
    for (const length of [maxUrlLength + 1, 16_000, 30_000]) {
      const { status, problem } = await service.call('GET', urlOf(length));
      assert.deepEqual([status, problem.code], [414, 'uri_too_long'], String(length));
    }
    await refused(`GET ${urlOf(40_000)} HTTP/1.1\r\nHost: localhost\r\n${end}`, 414, 'uri_too_long');
    await refused(`PATCH ${urlOf(200_000)} HTTP/1.1\r\nHost: localhost\r\n${end}`, 414, 'uri_too_long');
  });

  test('431 when there are more than 100 headers, or they are larger than 32 kB', async () => {
    const start = 'GET /customers HTTP/1.1\r\nHost: localhost\r\n';
    await accepted(`${start}${repeated(maxHeaders - 2)}${end}`);
    for (const count of [maxHeaders - 1, maxHeaders, 1000, 2500]) {
      await refused(`${start}${close}${repeated(count)}\r\n`, 431, 'headers_too_large');
    }
    await accepted(`${start}X-Long: ${'v'.repeat(20_000)}\r\n${end}`);
    for (const size of [33_000, 100_000]) {
      await refused(`${start}X-Long: ${'v'.repeat(size)}\r\n${end}`, 431, 'headers_too_large');
    }
  });

  test('400 unless there is exactly one Host', async () => {
    const start = 'GET /livez HTTP/1.1\r\n';
    await accepted(`${start}Host: localhost\r\n${end}`);
    for (const hosts of [
      '',
      'Host: localhost\r\nHost: y\r\n',
      'Host: localhost\r\nHost: localhost\r\n',
      'Host: localhost\r\nX: 1\r\nhOST: y\r\n',
    ]) {
      await refused(`${start}${hosts}${end}`, 400, 'malformed_request');
      // Also when the client asks to keep the connection.
      await refused(`${start}${hosts}\r\n`, 400, 'malformed_request');
    }
    await accepted('GET /livez HTTP/1.0\r\n\r\n');
    await refused('GET /livez HTTP/1.0\r\nHost: localhost\r\nHost: y\r\n\r\n', 400, 'malformed_request');
  });

  test('417 for an expectation other than 100-continue', async () => {
    const post =
      'POST /customers HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 12\r\n';
    for (const value of ['200-ok', 'x', '100-continued']) {
      await refused(`${post}Expect: ${value}\r\n${end}{"name":"x"}`, 417, 'expectation_failed');
    }
    const reply = await service.raw(`${post}Expect: 100-continue\r\n${end}{"name":"x"}`);
    assert.match(reply.text, /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 201 /);
  });

  test('417 repeats the X-Request-Id of the request', async () => {
    const bytes = `GET /livez HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: mine-417\r\nExpect: x\r\n${end}`;
    assert.equal((await refused(bytes, 417, 'expectation_failed')).requestId, 'mine-417');
  });

  test('400 for bytes that are not HTTP, and the connection is closed', async (t) => {
    const get = 'GET /livez HTTP/1.1\r\nHost: localhost\r\n';
    const post = 'POST /customers HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n';
    const shapes = [
      ...[
        'nonsense\r\n\r\n',
        'GET\r\n\r\n',
        'GET /livez\r\n\r\n',
        `FOO /livez HTTP/1.1\r\nHost: localhost\r\n${end}`,
      ],
      ...[
        'GET /livez HTTP/9.9\r\nHost: localhost\r\n\r\n',
        'get /livez HTTP/1.1\r\nHost: localhost\r\n\r\n',
        '\x16\x03\x01\x02\x00',
      ],
      ...[
        `${get}no colon\r\n\r\n`,
        `${get}a b: c\r\n\r\n`,
        `${get}X: a\x00b\r\n\r\n`,
        `${get}: empty\r\n\r\n`,
      ],
      ...[`${post}Content-Length: x\r\n\r\n`, `${post}Content-Length: -1\r\n\r\n`],
      ...[`${post}Content-Length: 1\r\nContent-Length: 2\r\n\r\n{}`, `${post}Transfer-Encoding: x\r\n\r\n`],
      `${post}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      `${post}Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n`,
    ];
    for (const bytes of shapes) await refused(bytes, 400, 'malformed_request');
    t.diagnostic(`${shapes.length} shapes, 0 accepted`);
  });
});
