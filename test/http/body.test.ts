/** Parsing of JSON bodies, by each operation that takes one. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { Customer, CustomerList } from '../../src/contract/types.ts';
import { suiteCleanup } from '../support/cleanup.ts';
import { describeEngines } from '../support/engines.ts';
import { startTestService, type TestService } from '../support/service.ts';

const maxBytes = 65_536;
const maxDepth = 32;

const bytes = (...parts: (string | number[])[]) =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.from(part))));
const nested = (depth: number, open: string, close: string, inner = '') =>
  `{"name":"x","metadata":${open.repeat(depth - 1)}${inner}${close.repeat(depth - 1)}}`;
/** A valid body of exactly this many bytes. */
const bodyOf = (length: number) => `{"name":"Padded"${' '.repeat(length - 17)}}`;

/** Bodies that are malformed or ambiguous JSON. */
const malformed: Readonly<Record<string, string | Uint8Array>> = {
  blank: '  \n',
  'cut short': '{"name":"x"',
  'cut in a string': '{"name":"x',
  'more after the value': '{"name":"x"} {}',
  'a trailing comma': '{"name":"x",}',
  'single quotes': "{'name':'x'}",
  'no quotes': '{name:"x"}',
  'a comment': '{"name":"x"/* y */}',
  NaN: '{"name":NaN}',
  'a leading zero': '{"name":01}',
  'a form': 'name=x',
  'a raw line feed in a string': '{"name":"a\nb"}',
  'a raw U+0000': '{"name":"a\u0000b"}',
  'a bad escape': '{"name":"\\x41"}',
  'a byte order mark': bytes([0xef, 0xbb, 0xbf], '{"name":"x"}'),
  'UTF-16': bytes([0xff, 0xfe], [...Buffer.from('{"name":"x"}', 'utf16le')]),
  'invalid UTF-8': bytes('{"name":"', [0xff], '"}'),
  'an overlong form': bytes('{"name":"', [0xc0, 0xaf], '"}'),
  'a surrogate in UTF-8': bytes('{"name":"', [0xed, 0xa0, 0x80], '"}'),
  'UTF-8 cut short': bytes('{"name":"', [0xe2, 0x82], '"}'),
  'Latin-1': Buffer.from('{"name":"Zoë"}', 'latin1'),
  'a member named twice': '{"name":"x","name":"y"}',
  'a member named twice alike': '{"name":"x","name":"x"}',
  'a member named twice, once with escapes': '{"name":"x","n\\u0061me":"y"}',
  'a member named twice, in other escapes': '{"metadata":{"a\\u002Db":"1","a\\u002db":"2"},"name":"x"}',
  'a member named twice, far apart': '{"name":"x","tags":["name",":","{"],"note":"}","name":"y"}',
  'a member named twice in an inner object': '{"name":"x","metadata":{"a":"1","b":"2","a":"3"}}',
  'a member named twice in an array': '{"name":"x","tags":[{"a":1,"a":2}]}',
  '__proto__ named twice': '{"name":"x","metadata":{"__proto__":"1","__proto__":"2"}}',
  '33 arrays': nested(maxDepth + 1, '[', ']'),
  '33 objects': nested(maxDepth + 1, '{"a":', '}', '1'),
  'very many arrays': '['.repeat(60_000),
};

/** Bodies that resemble those but are valid JSON, so validation sees them. */
const wellFormed: Readonly<Record<string, string>> = {
  'brackets in a string': `{"name":${JSON.stringify('[{'.repeat(100))}}`,
  'quotes and colons in a string': '{"name":"\\"name\\":","note":"\\\\"}',
  'the same name in different objects': '{"name":"x","metadata":{"name":"y"},"address":{"city":"z"}}',
  'white space around everything': ' \t\r\n{ "name" : "x" , "tags" : [ ] } \n',
  'escapes for everything': '{"\\u006eame":"\\u0078\\ud83d\\ude00\\/"}',
};

const writes = ['POST', 'PUT', 'PATCH'] as const;

describeEngines('request body', (engine) => {
  const cleanup = suiteCleanup();
  let service: TestService;
  let path: string;
  before(async () => {
    service = await startTestService(cleanup, { engine });
    const { json } = await service.call<Customer>('POST', '/customers', { body: { name: 'Untouched' } });
    path = `/customers/${json.id}`;
  });
  const send = (method: string, body: string | Uint8Array) =>
    service.call<Customer>(method, method === 'POST' ? '/customers' : path, { body });

  test('400 for malformed JSON, and nothing is stored', async (t) => {
    for (const [title, body] of Object.entries(malformed)) {
      for (const method of writes) {
        const { status, problem } = await send(method, body);
        assert.deepEqual([status, problem.code], [400, 'malformed_json'], `${method} ${title}`);
      }
    }
    const { json } = await service.call<CustomerList>('GET', '/customers');
    assert.deepEqual(
      json.items.map(({ name, version }) => [name, version]),
      [['Untouched', 1]],
    );
    t.diagnostic(`${Object.keys(malformed).length * writes.length} bodies, 0 accepted`);
  });

  test('2xx for valid JSON that resembles a malformed body', async () => {
    for (const [title, body] of Object.entries(wellFormed)) {
      for (const method of writes) {
        const { status } = await send(method, body);
        assert.equal(status, method === 'POST' ? 201 : 200, `${method} ${title}`);
      }
    }
  });

  test('422 for 32 levels of nesting, which are parsed and then validated', async () => {
    for (const body of [nested(maxDepth, '[', ']'), nested(maxDepth, '{"a":', '}', '1')]) {
      for (const method of writes) assert.equal((await send(method, body)).status, 422, method);
    }
  });

  test('422 without a body where one is required', async () => {
    for (const method of writes) {
      const target = method === 'POST' ? '/customers' : path;
      const head = `${method} ${target} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nConnection: close\r\n`;
      for (const length of ['', 'Content-Length: 0\r\n', 'Transfer-Encoding: chunked\r\n']) {
        const chunks = length.startsWith('T') ? '0\r\n\r\n' : '';
        const reply = await service.raw(`${head}${length}\r\n${chunks}`);
        assert.equal(reply.status, 422, `${method} ${length} ${reply.text}`);
        assert.match(reply.text, /"code":"invalid_request"/);
      }
    }
  });

  test('201 for a body of 65,536 bytes, and 413 for one byte more', async () => {
    assert.equal((await send('POST', bodyOf(maxBytes))).status, 201);
    assert.equal((await send('PATCH', bodyOf(maxBytes))).status, 200);
    for (const method of writes) {
      for (const length of [maxBytes + 1, 1_000_000]) {
        const { status, problem } = await send(method, bodyOf(length));
        assert.deepEqual([status, problem.code], [413, 'body_too_large'], `${method} ${length}`);
      }
    }
  });

  test('413 for chunks without a length and for a length without its body; the connection is closed', async () => {
    const head = 'POST /customers HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n';
    const chunk = `1000\r\n${' '.repeat(0x1000)}\r\n`;
    for (const bytes of [
      `${head}Transfer-Encoding: chunked\r\n\r\n${chunk.repeat(17)}`,
      `${head}Content-Length: ${maxBytes + 1}\r\n\r\n`,
      `${head}Content-Length: 99999999999999\r\n\r\n{"name":`,
    ]) {
      const { status, text, closed } = await service.raw(bytes, 2000);
      assert.equal(status, 413, text);
      assert.match(text, /"code":"body_too_large"/);
      assert.ok(closed, 'the connection is not closed');
    }
  });
});
