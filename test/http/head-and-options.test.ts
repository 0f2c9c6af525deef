/** HEAD works wherever GET does; any other method that a path lacks returns 405 with Allow. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { Customer } from '../../src/contract/types.ts';
import { suiteCleanup } from '../support/cleanup.ts';
import { describeEngines } from '../support/engines.ts';
import { startTestService, type TestService } from '../support/service.ts';

const unusedId = '0198c5a2-7c1e-7b3a-9d42-5e1f0a6b8c37';

/** Headers that differ by time or connection; fetch closes the connection after HEAD. */
const ownOfEach = new Set(['date', 'connection', 'keep-alive']);
const comparable = (headers: Headers) => [...headers].filter(([name]) => !ownOfEach.has(name));

describeEngines('HEAD and other methods', (engine) => {
  const cleanup = suiteCleanup();
  let service: TestService;
  let id: string;
  let gone: string;
  before(async () => {
    service = await startTestService(cleanup, { engine });
    const create = async (name: string) =>
      (await service.call<Customer>('POST', '/customers', { body: { name } })).json.id;
    id = await create('Zoë Müller');
    await create('Second');
    gone = await create('Gone');
    await service.call('DELETE', `/customers/${gone}`);
  });

  test('HEAD returns the same as GET, without the body', async (t) => {
    const { headers } = await service.call('GET', '/customers?limit=1');
    const requests: [status: number, path: string, headers?: Record<string, string>][] = [
      [200, `/customers/${id}`],
      [200, '/customers'],
      [200, '/customers?limit=1&includeTotal=true&sort=name'],
      [304, `/customers/${id}`, { 'If-None-Match': '"1"' }],
      [304, '/customers?limit=1', { 'If-None-Match': headers.get('etag') ?? '' }],
      [400, '/customers?limit=0'],
      [400, '/customers?cursor=x'],
      [400, `/customers/${id.toUpperCase()}`],
      [400, `/customers/${id}`, { 'If-None-Match': 'x' }],
      [404, `/customers/${unusedId}`],
      [404, '/nowhere'],
      [404, '/customers/'],
      [405, `/customers/${id}/restore`],
      [406, `/customers/${id}`, { Accept: 'text/html' }],
      [410, `/customers/${gone}`],
      [414, `/customers?x=${'x'.repeat(9000)}`],
      [200, '/livez'],
      [200, '/readyz'],
      [200, '/openapi.yaml'],
      [200, '/openapi.json'],
    ];
    for (const [status, path, more] of requests) {
      const options = { headers: { 'X-Request-Id': 'the-same', ...more } };
      const get = await service.call('GET', path, options);
      const head = await service.call('HEAD', path, options);
      assert.deepEqual([get.status, head.status], [status, status], path);
      assert.equal(head.text, '', path);
      assert.deepEqual(comparable(head.headers), comparable(get.headers), path);
    }
    t.diagnostic(`${requests.length} requests, 0 wrong`);
  });

  test('HEAD /metrics', async () => {
    const { status, headers, text } = await service.call('HEAD', '/metrics');
    assert.deepEqual([status, text], [200, '']);
    assert.match(headers.get('content-type') ?? '', /^text\/plain/);
  });

  test('HEAD leaves no bytes on the connection that the next response could be confused with', async () => {
    const head = `HEAD /customers/${id} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
    const last = 'GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n';
    const { text } = await service.raw(head + head + last);
    const statuses = [...text.matchAll(/^HTTP\/1\.1 (\d+)/gm)].map(([, status]) => status);
    assert.deepEqual(statuses, ['200', '200', '200']);
    assert.ok(text.endsWith('\r\n\r\nok\n'), text);
  });

  test('405 lists every method of the path in Allow', async (t) => {
    const all = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];
    const paths: [path: string, allowed: string[]][] = [
      ['/customers', ['GET', 'HEAD', 'POST']],
      [`/customers/${id}`, ['DELETE', 'GET', 'HEAD', 'PATCH', 'PUT']],
      [`/customers/${unusedId}`, ['DELETE', 'GET', 'HEAD', 'PATCH', 'PUT']],
      [`/customers/${id}/restore`, ['POST']],
      ['/livez', ['GET', 'HEAD']],
      ['/readyz', ['GET', 'HEAD']],
      ['/metrics', ['GET', 'HEAD']],
      ['/openapi.yaml', ['GET', 'HEAD']],
      ['/openapi.json', ['GET', 'HEAD']],
    ];
    let count = 0;
    for (const [path, allowed] of paths) {
      for (const method of all.filter((candidate) => !allowed.includes(candidate))) {
        for (const query of ['', '?x=1']) {
          const { status, problem, headers } = await service.call(method, path + query);
          assert.deepEqual([status, problem.code], [405, 'method_not_allowed'], `${method} ${path}`);
          assert.deepEqual(headers.get('allow')?.split(', ').sort(), allowed, `${method} ${path}`);
          count++;
        }
      }
    }
    assert.equal((await service.call('GET', `/customers/${id}`)).status, 200);
    t.diagnostic(`${count} requests, 0 wrong`);
  });

  test('405 with any body and media type, and for methods of other protocols', async () => {
    const headers = { 'Content-Type': 'text/plain' };
    for (const body of ['x', '{"name":', 'x'.repeat(100_000)]) {
      assert.equal((await service.call('POST', `/customers/${id}`, { body, headers })).status, 405);
      assert.equal((await service.call('DELETE', '/customers', { body, headers })).status, 405);
    }
    for (const method of ['TRACE', 'PROPFIND', 'MKCOL', 'SEARCH', 'LINK', 'REPORT']) {
      const { status, text } = await service.raw(
        `${method} /customers HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`,
      );
      assert.equal(status, 405, method);
      const allow = /^allow: (.*)\r$/im.exec(text)?.[1];
      assert.deepEqual(allow?.split(', ').sort(), ['GET', 'HEAD', 'POST'], method);
    }
  });

  test('no header overrides the method', async () => {
    for (const name of ['X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override']) {
      const headers = { [name]: 'DELETE' };
      assert.equal((await service.call('POST', `/customers/${id}`, { headers })).status, 405);
      assert.equal((await service.call('GET', `/customers/${id}`, { headers })).status, 200);
      assert.equal((await service.call('POST', `/customers/${id}?_method=DELETE`)).status, 405);
    }
    assert.equal((await service.call('GET', `/customers/${id}`)).headers.get('etag'), '"1"');
  });
});
