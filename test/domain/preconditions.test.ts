import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { Failure } from '../../src/domain/failures.ts';
import type { Precondition, TagCondition } from '../../src/domain/preconditions.ts';
import {
  checkAbsent,
  checkPrecondition,
  matchesStrongly,
  matchesWeakly,
} from '../../src/domain/preconditions.ts';

const strong = (...opaqueTags: string[]): TagCondition =>
  opaqueTags.map((opaqueTag) => ({ weak: false, opaqueTag }));
const weak = (...opaqueTags: string[]): TagCondition =>
  opaqueTags.map((opaqueTag) => ({ weak: true, opaqueTag }));

/** RFC 9110 section 8.8.3.2, with the current strong tag `"1"`. */
const comparisons: readonly [title: string, TagCondition, strongly: boolean, weakly: boolean][] = [
  ['the same tag', strong('"1"'), true, true],
  ['the same tag, weak', weak('"1"'), false, true],
  ['another tag', strong('"2"'), false, false],
  ['several, the last of them the same', strong('"3"', '"2"', '"1"'), true, true],
  ['several, one of them the same but weak', [...weak('"1"'), ...strong('"2"')] as TagCondition, false, true],
  ['a longer tag', strong('"11"'), false, false],
  ['anything', '*', true, true],
];

suite('comparison of tags', () => {
  for (const [title, condition, strongly, weakly] of comparisons) {
    test(title, () => {
      assert.equal(matchesStrongly(condition, '"1"'), strongly);
      assert.equal(matchesWeakly(condition, '"1"'), weakly);
    });
  }
});

test('an unknown customer has no version that If-Match could name', () => {
  checkAbsent({ ifNoneMatch: '*' });
  for (const ifMatch of ['*', strong('"1"')] as const) {
    assert.throws(
      () => checkAbsent({ ifMatch, ifNoneMatch: '*' }),
      (error) => error instanceof Failure && error.code === 'precondition_failed',
    );
  }
});

suite('checkPrecondition', () => {
  const passing: readonly Precondition[] = [
    {},
    { required: false },
    { ifMatch: strong('"1"') },
    { ifMatch: '*', required: true },
    { ifNoneMatch: strong('"2"') },
    { ifMatch: strong('"1"'), ifNoneMatch: strong('"2"') },
  ];
  for (const precondition of passing) {
    test(`passes ${JSON.stringify(precondition)}`, () => checkPrecondition(precondition, '"1"', true));
  }

  const refused: readonly [Precondition, code: string][] = [
    [{ required: true }, 'precondition_required'],
    [{ ifNoneMatch: strong('"2"'), required: true }, 'precondition_required'],
    [{ ifMatch: strong('"2"') }, 'precondition_failed'],
    [{ ifMatch: weak('"1"') }, 'precondition_failed'],
    [{ ifNoneMatch: '*' }, 'precondition_failed'],
    [{ ifNoneMatch: weak('"1"') }, 'precondition_failed'],
    [{ ifMatch: strong('"1"'), ifNoneMatch: strong('"1"') }, 'precondition_failed'],
  ];
  for (const [precondition, code] of refused) {
    test(`refuses ${JSON.stringify(precondition)}`, () => {
      assert.throws(
        () => checkPrecondition(precondition, '"1"', true),
        (error) => error instanceof Failure && error.code === code,
      );
    });
  }
});
