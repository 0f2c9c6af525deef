/** Patterns of the contract are matched against untrusted input, so none may be slow on any text. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contract } from '../../src/contract/document.ts';

test('all patterns of the contract match in linear time', (context) => {
  const patterns = new Map(patternsIn(contract));
  for (const [pattern, example] of patterns) {
    for (const head of ['', example, example.slice(0, example.length / 2), 'a@']) {
      for (const part of [' ', ...'a A 0 . - @ , / " + é a. -a a@ 0: .0'.split(' ')]) {
        assertLinear(new RegExp(pattern, 'u'), head, part);
      }
    }
  }
  context.diagnostic(`${patterns.size} patterns`);
  assert.ok(patterns.size > 10);
});

/** Each pattern with its example. */
function* patternsIn(value: unknown): Generator<[pattern: string, example: string]> {
  if (typeof value !== 'object' || value === null) return;
  const { pattern, example } = value as { readonly pattern?: unknown; readonly example?: unknown };
  if (typeof pattern === 'string') yield [pattern, String(example ?? '')];
  for (const member of Object.values(value)) yield* patternsIn(member);
}

/** Compares lengths, not absolute times: 4 times the text may take 8 times as long, plus 10 ms for noise. */
function assertLinear(pattern: RegExp, head: string, part: string): void {
  const text = (length: number) => `${head}${part.repeat(length / part.length)}\u0000`;
  // Start with a short text, on which even an exponential pattern finishes.
  for (const length of [24, 4_096, 65_536]) {
    const shortMs = durationMs(pattern, text(length / 4));
    const longMs = durationMs(pattern, text(length));
    assert.ok(longMs <= 8 * shortMs + 10, `${pattern} on '${head}${part}...': ${shortMs} ms, ${longMs} ms`);
  }
}

function durationMs(pattern: RegExp, text: string): number {
  const runs = [1, 2, 3].map(() => {
    const start = performance.now();
    pattern.test(text);
    return performance.now() - start;
  });
  return Math.min(...runs);
}
