import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { Customer } from '../../src/contract/types.ts';
import { suiteCleanup } from '../support/cleanup.ts';
import { describeEngines } from '../support/engines.ts';
import { startTestService, type TestService } from '../support/service.ts';

const version7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

const taken = [
  'x',
  'checkout-7f3a:42',
  'A-Z_a.z:0-9',
  '-',
  'x'.repeat(128),
  '0198c5a4-03d7-7a55-8c11-2f6de0b7a941',
];
const replaced = [
  '',
  'a b',
  'x'.repeat(129),
  'ä',
  'a/b',
  'a,b',
  '"a"',
  '<script>',
  'a;b',
  '%20',
  '$x',
  'x\ty',
];

describeEngines('X-Request-Id', (engine) => {
  const cleanup = suiteCleanup();
  let service: TestService;
  let id: string;
  before(async () => {
    service = await startTestService(cleanup, { engine });
    id = (await service.call<Customer>('POST', '/customers', { body: { name: 'x' } })).json.id;
  });
  const requestIdFor = async (value: string) => {
    const headers = { 'X-Request-Id': value };
    return (await service.call('GET', `/customers/${id}`, { headers })).headers.get('x-request-id') ?? '';
  };

  test("repeats the request's id when it is well-formed", async () => {
    for (const value of taken) assert.equal(await requestIdFor(value), value);
  });

  test('is a new version 7 UUID when the request has none or an invalid one', async () => {
    const { headers } = await service.call('GET', `/customers/${id}`);
    const given = [headers.get('x-request-id') ?? ''];
    for (const value of replaced) given.push(await requestIdFor(value));
    for (const value of given) assert.match(value, version7);
    assert.equal(new Set(given).size, given.length, 'each request has its own');
  });

  test('is a new one when the request has two', async () => {
    const head = `GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n`;
    const { status, text } = await service.raw(`${head}X-Request-Id: one\r\nX-Request-Id: two\r\n\r\n`);
    assert.equal(status, 200);
    assert.match(/^x-request-id: (.*)\r$/im.exec(text)?.[1] ?? '', version7);
  });

  test('is on every response, with any status', async () => {
    const headers = { 'X-Request-Id': 'mine' };
    const path = `/customers/${id}`;
    const gone = (await service.call<Customer>('POST', '/customers', { body: { name: 'Gone' } })).json.id;
    const answers = [
      await service.call('GET', path, { headers }),
      await service.call('POST', '/customers', { headers, body: { name: 'x' } }),
      await service.call('DELETE', `/customers/${gone}`, { headers }),
      await service.call('GET', path, { headers: { ...headers, 'If-None-Match': '*' } }),
      await service.call('GET', '/customers?limit=0', { headers }),
      await service.call('GET', '/nowhere', { headers }),
      await service.call('PUT', '/customers', { headers }),
      await service.call('GET', path, { headers: { ...headers, Accept: 'text/html' } }),
      await service.call('GET', `/customers/${gone}`, { headers }),
      await service.call('PATCH', path, { headers: { ...headers, 'If-Match': '"9"' }, body: {} }),
      await service.call('POST', '/customers', { headers, body: ' '.repeat(70_000) }),
      await service.call('GET', `/customers?x=${'x'.repeat(9000)}`, { headers }),
      await service.call('POST', '/customers', { headers: { ...headers, 'Content-Type': 'x/y' }, body: 'x' }),
      await service.call('POST', '/customers', { headers, body: {} }),
      await service.call('GET', '/livez', { headers }),
      await service.call('GET', '/readyz', { headers }),
      await service.call('GET', '/metrics', { headers }),
      await service.call('GET', '/openapi.yaml', { headers }),
    ];
    const statuses = answers.map(({ status }) => status);
    const expected = [
      200, 201, 204, 304, 400, 404, 405, 406, 410, 412, 413, 414, 415, 422, 200, 200, 200, 200,
    ];
    assert.deepEqual(statuses, expected);
    for (const reply of answers) {
      assert.equal(reply.headers.get('x-request-id'), 'mine', String(reply.status));
      if (reply.status >= 400) assert.equal(reply.problem.instance, 'urn:request:mine');
    }
  });
});
