import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { guardFormula, unguardFormula } from '../../src/bulk/csv-columns.ts';
import { randomFrom } from '../support/random.ts';

/** Texts made of what the guard looks at, so that most of them are near its edges. */
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

  // Planted: a guard that takes no notice of leading apostrophes made two texts one cell.
  test('a cell stands for one text, and each text has its cell', (context) => {
    fc.assert(
      fc.property(text, (value) => unguardFormula(guardFormula(value)) === value),
      { seed, numRuns: runs },
    );
    context.diagnostic(`${runs} texts there and back`);
  });

  test('no cell begins with what a spreadsheet computes', (context) => {
    fc.assert(
      fc.property(text, (value) => !/^[=+\-@\t\r\n＝＋－＠]/.test(guardFormula(value))),
      { seed, numRuns: runs },
    );
    context.diagnostic(`${runs} texts guarded`);
  });

  test('what was typed in without an apostrophe is read as it is', () => {
    for (const cell of ['+493023125014', "O'Neill", "'quoted'", '', "'"])
      assert.equal(unguardFormula(cell), cell);
  });
});
