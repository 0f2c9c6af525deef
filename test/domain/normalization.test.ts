import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { emailKey, foldText, nameKey } from '../../src/domain/normalization.ts';
import { randomFrom } from '../support/random.ts';

const { seed } = randomFrom('normalization');
const anyText = fc.string({ unit: 'binary', maxLength: 120 });

suite('emailKey', () => {
  const same: readonly [string, string][] = [
    ['Ada@Example.COM', 'ada@example.com'],
    ['zo\u00eb@example.com', 'zoe\u0308@example.com'],
    ['ZO\u00cb@example.com', 'zoe\u0308@example.com'],
    ['\u212a@example.com', 'k@example.com'],
  ];
  for (const [one, other] of same) {
    test(`${JSON.stringify(one)} has the key of ${JSON.stringify(other)}`, () => {
      assert.equal(emailKey(one), emailKey(other));
    });
  }

  test('accents and width are significant', () => {
    assert.notEqual(emailKey('zoë@example.com'), emailKey('zoe@example.com'));
    assert.notEqual(emailKey('\uff41@example.com'), emailKey('a@example.com'));
  });

  test('a key is its own key', (t) => {
    fc.assert(
      fc.property(anyText, (text) => emailKey(emailKey(text)) === emailKey(text)),
      { seed },
    );
    t.diagnostic('100 texts, 0 wrong');
  });
});

suite('foldText', () => {
  const cases: readonly [string, string][] = [
    ['Zoë Müller-Schäfer', 'zoe muller-schafer'],
    ['ZOE\u0308', 'zoe'],
    ['Ａｄａ', 'ada'],
    ['\u0130stanbul', 'istanbul'],
    ['Ångström \u212b', 'angstrom a'],
    ['Владимир', 'владимир'],
    ['ﬁn', 'fin'],
    ['', ''],
    ['\u{1f600}', '\u{1f600}'],
  ];
  for (const [text, folded] of cases) {
    test(`${JSON.stringify(text)} folds to ${JSON.stringify(folded)}`, () =>
      assert.equal(foldText(text), folded));
  }
});

suite('nameKey', () => {
  test('has at most 100 code points and never splits one', () => {
    assert.equal(nameKey('x'.repeat(101)), 'x'.repeat(100));
    assert.equal(nameKey('\u{1f600}'.repeat(300)), '\u{1f600}'.repeat(100));
    assert.equal(nameKey('é'.repeat(300)), 'e'.repeat(100));
  });

  test('is well-formed for any well-formed name', () => {
    fc.assert(
      fc.property(anyText, (text) => !/\p{Surrogate}/u.test(nameKey(text))),
      { seed },
    );
  });
});
