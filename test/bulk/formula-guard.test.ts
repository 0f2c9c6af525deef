import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { guardFormula, unguardFormula } from '../../src/bulk/csv-columns.ts';
import { randomFrom } from '../support/random.ts';

/** Texts of the characters that the guard checks, so that most are edge cases. */
const edgy = fc.array(fc.constantFrom("'", '=', '+', '-', '@', '\t', '\r', '\n', '＝', '＠', 'a', ' ', '"'), {
  maxLength: 8,
});
const text = fc.oneof(
  edgy.map((parts) => parts.join('')),
  fc.string({ unit: 'binary' }),
);
const runs = 20_000;

suite('formulas in cells', () => {
  const { seed } = randomFrom('formula guard');

  // Planted: a guard that ignores leading apostrophes. Two texts became the same cell.
  test('each text has its own cell, and each cell its own text', (context) => {
    fc.assert(
      fc.property(text, (value) => unguardFormula(guardFormula(value)) === value),
      { seed, numRuns: runs },
    );
    context.diagnostic(`${runs} texts in both directions`);
  });

  test('no cell begins with a character that starts a formula', (context) => {
    fc.assert(
      fc.property(text, (value) => !/^[=+\-@\t\r\n＝＋－＠]/.test(guardFormula(value))),
      { seed, numRuns: runs },
    );
    context.diagnostic(`${runs} texts guarded`);
  });

  test('text typed without an apostrophe is read unchanged', () => {
    for (const cell of ['+493023125014', "O'Neill", "'quoted'", '', "'"])
      assert.equal(unguardFormula(cell), cell);
  });
});
