import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { foldForSearch, searchText, termLength } from '../../src/domain/normalization.ts';
import { randomFrom } from '../support/random.ts';
import { byTier } from '../support/tier.ts';

const { seed } = randomFrom('search text');

suite('foldForSearch', () => {
  const cases: readonly [string, ...string[]][] = [
    ['zoe muller', 'Zoë Müller', 'ZOE\u0308 MU\u0308LLER', 'zo\u00adë mu\u200bller'],
    ['strasse', 'Straße', 'STRASSE', 'STRA\u1e9eE'],
    ['istanbul isik', '\u0130stanbul I\u015f\u0131k', 'istanbul \u0131\u015fik', 'ISTANBUL ISIK'],
    ['οδυσσευσ', 'Ὀδυσσεύς', 'ΟΔΥΣΣΕΎΣ'],
    ['lodz soren thor aesir oeuvre', 'Łódź Søren Þór Æsir Œuvre'],
    ['fin dz ada', 'ﬁn Ǆ Ａｄａ'],
    ['еиукен', 'ёйўќен'],
    ['احمد محمد', 'أَحْمَد مـحـمـد'],
    ['سلام', '\ufeb3\ufefc\ufee1'],
    ['か', 'が'],
    ['राम', 'राम'],
    ['กมลา', 'กมลา'],
    ['👩💻❤', '👩\u200d💻❤\ufe0f'],
    ['a b c', 'a\tb\u00a0c'],
    ['', '\u0301\u200d', ''],
  ];
  for (const [folded, ...texts] of cases) {
    for (const text of texts) {
      test(`${JSON.stringify(text)} folds to ${JSON.stringify(folded)}`, () => {
        assert.equal(foldForSearch(text), folded);
      });
    }
  }

  test('keeps letters that only look alike, and vowels that are marks, distinct', () => {
    assert.notEqual(foldForSearch('о'), foldForSearch('o'));
    assert.notEqual(foldForSearch('राम'), foldForSearch('रमा'));
  });

  test('splits a Hangul syllable into letters, so that one without a final matches one with it', () => {
    assert.ok(foldForSearch('각').includes(foldForSearch('가')));
    assert.ok(!foldForSearch('가나').includes(foldForSearch('각')));
    assert.equal(termLength(foldForSearch('김')), 3);
  });

  test('is idempotent, and does not depend on the surrounding text', (t) => {
    const any = fc.string({ unit: 'binary', maxLength: 30 });
    fc.assert(
      fc.property(any, any, any, (before, text, after) => {
        const folded = foldForSearch(text);
        assert.equal(foldForSearch(folded), folded);
        // Base letters in between keep Unicode from reordering marks across the boundary.
        assert.ok(foldForSearch(`${before}x${text}x${after}`).includes(`x${folded}x`));
      }),
      { seed, numRuns: 2000 },
    );
    t.diagnostic('2000 texts, 0 wrong');
  });

  test('folds every code point the same in all its cases', (t) => {
    let count = 0;
    const wrong: string[] = [];
    const step = byTier({ quick: 17, full: 1 });
    for (let code = 1; code <= 0x10ffff; code += step) {
      if (code >= 0xd800 && code <= 0xdfff) continue;
      const letter = String.fromCodePoint(code);
      const folded = foldForSearch(letter);
      // Iota below a Greek letter is an accent, but its upper case is a separate letter.
      const cased = /[\u0345\u1f80-\u1fff]/.test(letter) ? [] : [letter.toUpperCase(), letter.toLowerCase()];
      count += 1;
      if (![folded, ...cased].every((other) => foldForSearch(other) === folded))
        wrong.push(code.toString(16));
      if (foldForSearch(`${letter}Σ`) !== `${folded}σ`) wrong.push(`${code.toString(16)} before sigma`);
    }
    t.diagnostic(`${count} code points, ${wrong.length} wrong`);
    assert.deepEqual(wrong, []);
  });
});

suite('searchText', () => {
  test('consists of four members, and no term matches across two of them', () => {
    const text = searchText({ name: 'Ada', email: 'b@c.de', phone: null, externalId: 'crm:1' });
    assert.equal(text, 'ada\nb@c.de\ncrm:1');
    assert.equal(foldForSearch('a\nb'), 'a b');
    assert.equal(searchText({ name: 'a\nb', email: null, phone: null, externalId: null }), 'a b');
  });
});
