import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { findJsonTextError } from '../../src/bulk/json-text.ts';
import { randomFrom } from '../support/random.ts';
import { byTier } from '../support/tier.ts';

const { seed } = randomFrom('json text');
const runs = byTier({ quick: 200, full: 500, soak: 20_000 });
const fault = (text: string | Uint8Array) =>
  findJsonTextError(typeof text === 'string' ? new TextEncoder().encode(text) : text);
const nested = (depth: number, open = '[', close = ']') => open.repeat(depth) + close.repeat(depth);

suite('jsonTextFault accepts', () => {
  const sound = [
    ...['{}', '[]', '""', '1', 'null', '{"a":1,"b":1}', '{"a":{"a":1},"b":{"a":1}}', '[{"a":1},{"a":1}]'],
    ...['{"a":"b","b":"a"}', '{"a":"a","b":":"}', '{"a":"\\"a\\":1"}', '{"a\\"":1,"a":2}', '{"":1," ":2}'],
    ...['{"a":["a","a"],"b":[{}]}', '{"__proto__":1,"constructor":2}', '{"é":1,"e\u0301":2}', nested(32)],
    nested(32, '{"a":', '}').replace('{"a":}', '{"a":1}'),
  ];
  for (const text of sound) test(text.slice(0, 60), () => assert.equal(fault(text), undefined));

  test('malformed JSON, which is left to the parser', () => {
    for (const text of ['', '{', '}', ']]]]', '"', '"\\', '{"a":}', ':', '{:1,:2}', 'tru', '"a"b"c"'])
      assert.equal(fault(text), undefined, text);
  });

  test('any value printed by JSON.stringify', (t) => {
    const value = fc.jsonValue({ maxDepth: 8, depthSize: 'max', stringUnit: 'binary' });
    fc.assert(
      fc.property(
        value,
        (it) => fault(JSON.stringify(it)) === undefined && fault(JSON.stringify(it, null, 2)) === undefined,
      ),
      { seed, numRuns: runs },
    );
    t.diagnostic(`${runs} values, 0 refused`);
  });
});

suite('jsonTextFault rejects', () => {
  const cases: readonly [title: string, text: string | Uint8Array, message: RegExp][] = [
    ['a name twice', '{"a":1,"a":2}', /twice/],
    ['a repeated name in another spelling', '{"a":1,"\\u0061":2}', /twice/],
    ['a repeated name in escapes of another case', '{"\\u00E9":1,"\\u00e9":2}', /twice/],
    ['a repeated name as a surrogate pair', '{"\\ud83d\\ude00":1,"\u{1f600}":2}', /twice/],
    ['a repeated name with a slash', '{"a\\/b":1,"a/b":2}', /twice/],
    ['a repeated empty name', '{"":1,"":2}', /twice/],
    ['__proto__ twice', '{"__proto__":1,"__proto__":2}', /twice/],
    ['a repeated name, deeply nested', '[[{"x":[{"a":1,"b":[],"a":2}]}]]', /twice/],
    ['a repeated name, with objects between', '{"a":{"b":{}},"c":[{"a":1}],"a":2}', /twice/],
    ['a repeated name, with white space', '{ "a" : 1 ,\n"a"\t:\r2}', /twice/],
    ['a repeated name, after a quote in a text', '{"a":"\\\\","a":"\\""}', /twice/],
    ['33 arrays', nested(33), /deeper/],
    ['33 objects', nested(33, '{"a":', '}'), /deeper/],
    ['60,000 unclosed arrays', '['.repeat(60_000), /deeper/],
    ['a byte order mark', '\ufeff{}', /byte order mark/],
    ['a byte that is not UTF-8', Uint8Array.of(0x22, 0xff, 0x22), /UTF-8/],
    ['an overlong form', Uint8Array.of(0x22, 0xc0, 0xaf, 0x22), /UTF-8/],
    ['an encoded surrogate', Uint8Array.of(0x22, 0xed, 0xa0, 0x80, 0x22), /UTF-8/],
    ['a cut character', Uint8Array.of(0x22, 0xe2, 0x82), /UTF-8/],
    ['UTF-16', new Uint8Array(Buffer.from('\ufeff{}', 'utf16le')), /UTF-8/],
  ];
  for (const [title, text, message] of cases) test(title, () => assert.match(fault(text) ?? '', message));

  test('a member inserted a second time, at any place', (t) => {
    const object = fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue({ maxDepth: 3 }), {
      minKeys: 1,
    });
    const depth = fc.nat({ max: 20 });
    fc.assert(
      fc.property(object, fc.nat(), depth, fc.boolean(), (members, pick, levels, escaped) => {
        const entries = Object.entries(members).map(
          ([name, value]) => [JSON.stringify(name), value] as const,
        );
        const [name = '""'] = entries[pick % entries.length] ?? [];
        const again = escaped ? `"${escapeAll(JSON.parse(name))}"` : name;
        const texts = [...entries.map(([key, value]) => `${key}:${JSON.stringify(value)}`), `${again}:0`];
        const text = `${'['.repeat(levels)}{${texts.join(',')}}${']'.repeat(levels)}`;
        return /twice/.test(fault(text) ?? '');
      }),
      { seed, numRuns: runs },
    );
    t.diagnostic(`${runs} objects, 0 unnoticed`);
  });
});

test('jsonTextFault takes time proportional to the length', (t) => {
  const length = 65_000;
  const shapes = ['"', '\\', '"\\', '{"a":', '{}', '[', '""', '"a":', ':', `{${'"a":1,'.repeat(10)}`];
  const times = shapes.map((shape) => {
    const text = shape.repeat(length / shape.length);
    const begin = performance.now();
    fault(text);
    return performance.now() - begin;
  });
  t.diagnostic(`64 kB of hostile text: ${Math.max(...times).toFixed(1)} ms at most`);
  assert.ok(Math.max(...times) < 200);
});

function escapeAll(text: string): string {
  return Array.from({ length: text.length }, (_, index) => text.charCodeAt(index))
    .map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`)
    .join('');
}
