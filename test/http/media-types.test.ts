/** Media types of request bodies (415) and of responses (406). */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { Customer, CustomerList } from '../../src/contract/types.ts';
import { suiteCleanup } from '../support/cleanup.ts';
import { describeEngines } from '../support/engines.ts';
import { startTestService, type TestService } from '../support/service.ts';

const taken = ['application/json', 'Application/JSON', 'application/json;charset=utf-8'].concat([
  'application/json; charset=UTF-8',
  'application/json; charset="utf-8"',
  'application/json ;charset=utf-8',
]);

const refused = [
  ...[
    '',
    'json',
    'text/json',
    'text/plain',
    'text/html',
    'application/xml',
    'application/octet-stream',
    '*/*',
  ],
  ...['application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'application/*', 'application'],
  ...['application/jsonx', 'application/json-patch+json', 'application/vnd.api+json', 'application/ld+json'],
  ...[
    'application/json; charset=utf-16',
    'application/json; charset=iso-8859-1',
    'application/json; charset=',
  ],
  ...['application/json; p=1', 'application/json; charset=utf-8; p=1', 'application/json; boundary=x'],
  ...['application/json, text/plain', 'application/json; charset=utf-8, text/plain', 'application/json x'],
];

const encodings = ['gzip', 'deflate', 'br', 'zstd', 'compress', 'x', 'gzip, identity'];

describeEngines('media types', (engine) => {
  const cleanup = suiteCleanup();
  let service: TestService;
  let path: string;
  before(async () => {
    service = await startTestService(cleanup, { engine });
    const { json } = await service.call<Customer>('POST', '/customers', { body: { name: 'Untouched' } });
    path = `/customers/${json.id}`;
  });

  const writes = () => [
    { method: 'POST', target: '/customers', success: 201, header: 'accept', types: 'application/json' },
    { method: 'PUT', target: path, success: 200, header: 'accept', types: 'application/json' },
    {
      method: 'PATCH',
      target: path,
      success: 200,
      header: 'accept-patch',
      types: 'application/merge-patch+json, application/json',
    },
  ];
  const body = '{"name":"Untouched"}';
  const stateOf = async () => (await service.call<CustomerList>('GET', '/customers?includeTotal=true')).text;

  test('2xx for JSON in UTF-8, in every valid spelling', async () => {
    for (const { method, target, success, types } of writes()) {
      const spellings = types.startsWith('application/merge')
        ? [...taken, ...taken.map((type) => type.replace(/json/i, 'merge-patch+json'))]
        : taken;
      for (const type of spellings) {
        const { status } = await service.call(method, target, { body, headers: { 'Content-Type': type } });
        assert.equal(status, success, `${method} ${type}`);
      }
      const headers = { 'Content-Encoding': 'identity' };
      assert.equal((await service.call(method, target, { body, headers })).status, success);
    }
  });

  test('415 with Accept or Accept-Patch for any other type, charset or parameter', async (t) => {
    const before = await stateOf();
    for (const { method, target, header, types } of writes()) {
      const others = method === 'PATCH' ? [] : ['application/merge-patch+json'];
      for (const type of [...refused, ...others]) {
        const headers = { 'Content-Type': type };
        const { status, problem, headers: returned } = await service.call(method, target, { body, headers });
        assert.deepEqual([status, problem.code], [415, 'unsupported_media_type'], `${method} ${type}`);
        assert.equal(returned.get(header), types);
      }
    }
    assert.equal(await stateOf(), before);
    t.diagnostic(`${refused.length * 3 + 2} requests, 0 accepted`);
  });

  test('415 without a Content-Type', async () => {
    for (const { method, target, header, types } of writes()) {
      const head = `${method} ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n`;
      const reply = await service.raw(`${head}Content-Length: ${body.length}\r\n\r\n${body}`);
      assert.equal(reply.status, 415, reply.text);
      const actual = new RegExp(`^${header}: (.*)\r$`, 'im').exec(reply.text)?.[1];
      assert.equal(actual, types);
    }
  });

  test('415 for a body with a Content-Encoding, even if it is false', async () => {
    const before = await stateOf();
    for (const { method, target, header } of writes()) {
      for (const encoding of encodings) {
        const headers = { 'Content-Encoding': encoding };
        const { status, headers: returned } = await service.call(method, target, { body, headers });
        assert.equal(status, 415, `${method} ${encoding}`);
        assert.ok(returned.get(header));
      }
    }
    assert.equal(await stateOf(), before);
  });

  test('Content-Type is ignored without a body', async () => {
    for (const type of refused) {
      const headers = { 'Content-Type': type };
      assert.equal((await service.call('GET', path, { headers })).status, 200, type);
      assert.equal((await service.call('GET', '/customers', { headers })).status, 200, type);
    }
    const headers = { 'Content-Type': 'text/plain; x=y' };
    assert.equal((await service.call('POST', `${path}/restore`, { headers })).status, 200);
  });

  const readable = [
    ...['*/*', 'application/*', 'application/json', 'APPLICATION/JSON', 'text/html, application/json;q=0.1'],
    ...[
      'text/html;q=1, */*;q=0.01',
      'application/json; q=1.000',
      'application/problem+json, application/json',
    ],
  ];
  const unreadable = [
    ...[
      'text/html',
      'application/xml',
      'application/problem+json',
      'text/*',
      'application/json;q=0',
      '*/*;q=0',
    ],
    ...[
      'application/jsonx',
      'text/html, application/xml;q=0.9',
      'application/merge-patch+json',
      'image/*, text/*',
    ],
  ];

  test('2xx when Accept allows JSON', async () => {
    for (const accept of readable) {
      for (const target of [path, '/customers']) {
        const { status, headers } = await service.call('GET', target, { headers: { Accept: accept } });
        assert.equal(status, 200, accept);
        assert.equal(headers.get('content-type'), 'application/json');
      }
    }
  });

  test('406 when it does not, and nothing is written', async (t) => {
    const before = await stateOf();
    const requests = [
      { method: 'GET', target: '/customers', body: undefined },
      { method: 'GET', target: path, body: undefined },
      { method: 'POST', target: `${path}/restore`, body: undefined },
      ...writes().map(({ method, target }) => ({ method, target, body: { name: 'Never' } })),
    ];
    for (const { method, target, body } of requests) {
      for (const accept of unreadable) {
        const { status, problem } = await service.call(method, target, { body, headers: { Accept: accept } });
        assert.deepEqual([status, problem.code], [406, 'not_acceptable'], `${method} ${target} ${accept}`);
      }
    }
    assert.equal(await stateOf(), before);
    t.diagnostic(`${requests.length * unreadable.length} requests, 0 with another status`);
  });

  test('204 for a DELETE with any Accept, because the response has no body', async () => {
    const { json } = await service.call<Customer>('POST', '/customers', { body: { name: 'Deleted' } });
    const headers = { Accept: 'text/html' };
    assert.equal((await service.call('DELETE', `/customers/${json.id}`, { headers })).status, 204);
  });
});
