import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { TagCondition } from '../../src/domain/preconditions.ts';
import { isNotModified, parseTagCondition } from '../../src/http/conditional.ts';
import { HttpFailure } from '../../src/http/problem.ts';

const parse = (value: string | undefined) => parseTagCondition('If-Match', value);
const strong = (opaqueTag: string) => ({ weak: false, opaqueTag });
const weak = (opaqueTag: string) => ({ weak: true, opaqueTag });

suite('parseTagCondition', () => {
  const cases: readonly [value: string, TagCondition][] = [
    ['*', '*'],
    [' * ', '*'],
    ['"3"', [strong('"3"')]],
    ['W/"3"', [weak('"3"')]],
    ['""', [strong('""')]],
    ['"3","4"', [strong('"3"'), strong('"4"')]],
    ['"3" ,\tW/"4"', [strong('"3"'), weak('"4"')]],
    ['"a,b"', [strong('"a,b"')]],
    ['"a\\"', [strong('"a\\"')]],
    // RFC 9110 section 5.6.1.2: empty list elements are allowed.
    [',"3",, "4",', [strong('"3"'), strong('"4"')]],
    ['"\u00ff!#~"', [strong('"\u00ff!#~"')]],
  ];
  for (const [value, condition] of cases) {
    test(`accepts ${JSON.stringify(value)}`, () => assert.deepEqual(parse(value), condition));
  }

  test('returns undefined without the header', () => assert.equal(parse(undefined), undefined));

  const malformed = [
    ...['', ' ', ',', '3', "'3'", '"3', '3"', 'w/"3"', 'W/', 'W/3', 'W /"3"', '"3" "4"', '"3""4"', '"3";q=1'],
    ...['*,"3"', '"3",*', '**', '"*"x', '"a b"', '"a\tb"', '"\u007f"', '"3"\n', '"\u0100"', 'null'],
  ];
  for (const value of malformed) {
    test(`refuses ${JSON.stringify(value)}`, () => {
      assert.throws(
        () => parse(value),
        (error) =>
          error instanceof HttpFailure &&
          error.code === 'malformed_request' &&
          error.errors?.[0]?.parameter === 'If-Match',
      );
    });
  }

  test('takes time proportional to the length of the header', (t) => {
    const shapes = [
      (length: number) => `"1",${' '.repeat(length)}x`,
      (length: number) => `${','.repeat(length)}x`,
      (length: number) => '"'.repeat(length),
      (length: number) => 'W/"'.repeat(length / 3),
      (length: number) => `${'"1" ,'.repeat(length / 5)}x`,
    ];
    const times = shapes.map((shape) => [leastMs(shape(1500)), leastMs(shape(15_000))] as const);
    t.diagnostic(times.map(([short, long]) => `${short.toFixed(2)} -> ${long.toFixed(2)} ms`).join(', '));
    // A header has at most 16 kB. Ten times the length must not take a hundred times as long.
    const slow = times.filter(([short, long]) => long > 5 && long > short * 40);
    assert.deepEqual(slow, []);
  });
});

suite('isNotModified', () => {
  const cases: readonly [value: string | undefined, boolean][] = [
    [undefined, false],
    ['"3"', true],
    ['W/"3"', true],
    ['"2", "3"', true],
    ['"2"', false],
    ['*', true],
  ];
  for (const [value, expected] of cases) {
    test(`${value} is ${expected}`, () => assert.equal(isNotModified(parse(value), '"3"'), expected));
  }
});

/** The shortest of several runs, in milliseconds. */
function leastMs(value: string): number {
  const times = Array.from({ length: 5 }, () => {
    const begin = performance.now();
    try {
      parse(value);
    } catch {
      // Rejected, as expected.
    }
    return performance.now() - begin;
  });
  return Math.min(...times);
}
