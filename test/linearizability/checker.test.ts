/**
 * The linearizability checker is checked itself: against hand-written violations and an exhaustive search.
 *
 * Planted, and each failed: observations checked in one pass only; an unknown outcome that ends at its
 * return; lost acknowledgements or values ignored.
 */

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { type Random, randomFrom } from '../support/random.ts';
import { byTier } from '../support/tier.ts';
import { findViolation } from './checker.ts';
import { isLinearizable } from './exhaustive-search.ts';
import type { Action, LogEntry, Operation, Outcome } from './history.ts';
import { mutated, randomHistory } from './random-histories.ts';

const histories = byTier({ quick: 500, full: 4000, soak: 200_000 });

/** An operation between two moments. */
const operation = (
  id: string,
  [calledAt, returnedAt]: readonly [number, number],
  action: Action,
  outcome: Outcome,
): Operation => ({ id, calledAt, returnedAt, action, outcome });

const entry = (version: number, kind: string, operationId: string): LogEntry => ({
  version,
  kind,
  operationId,
});
const done = (version: number, value?: string): Outcome => ({
  kind: 'done',
  version,
  ...(value === undefined ? {} : { value }),
});
const created = operation('a', [0, 1], { kind: 'create' }, done(1, 'a'));
const updated = operation('b', [2, 5], { kind: 'update' }, done(2, 'b'));
const log = [entry(1, 'created', 'a'), entry(2, 'updated', 'b')];
const read: Action = { kind: 'read' };

const lawful: readonly (readonly [string, readonly Operation[], readonly LogEntry[]])[] = [
  [
    'a read during a write may or may not see it',
    [
      created,
      updated,
      operation('r', [3, 4], read, done(1, 'a')),
      operation('s', [3, 4], read, done(2, 'b')),
    ],
    log,
  ],
  [
    'an unknown write takes effect long after its client gave up',
    [
      created,
      operation('b', [2, 3], { kind: 'update' }, { kind: 'unknown' }),
      operation('r', [4, 5], read, done(1, 'a')),
      operation('s', [6, 7], read, done(2, 'b')),
    ],
    log,
  ],
  [
    'an unknown write never takes effect',
    [created, operation('b', [2, 3], { kind: 'update' }, { kind: 'unknown' })],
    log.slice(0, 1),
  ],
  [
    'a conflict with an immediately preceding write',
    [created, updated, operation('c', [3, 4], { kind: 'update', ifMatch: 1 }, { kind: 'conflict' })],
    log,
  ],
];

const violations: readonly (readonly [string, readonly Operation[], readonly LogEntry[]])[] = [
  ['a stale read', [created, updated, operation('r', [6, 7], read, done(1, 'a'))], log],
  [
    'a read of a value that is not yet written',
    [created, updated, operation('r', [0, 1], read, done(2, 'b'))],
    log,
  ],
  [
    'time travel: a later read sees less',
    [
      created,
      updated,
      operation('r', [2, 3], read, done(2, 'b')),
      operation('s', [4, 5], read, done(1, 'a')),
    ],
    log,
  ],
  [
    'a lost update: acknowledged, but in no version',
    [created, updated, operation('c', [3, 4], { kind: 'update' }, done(2, 'c'))],
    log,
  ],
  [
    'two successful writers with one tag',
    [
      created,
      operation('b', [2, 5], { kind: 'update', ifMatch: 1 }, done(2, 'b')),
      operation('c', [2, 5], { kind: 'update', ifMatch: 1 }, done(3, 'c')),
    ],
    [...log, entry(3, 'updated', 'c')],
  ],
  ['a write that took effect twice', [created, updated], [...log, entry(3, 'updated', 'b')]],
  [
    'a refused write that took effect',
    [created, operation('b', [2, 5], { kind: 'update', ifMatch: 1 }, { kind: 'conflict' })],
    log,
  ],
  [
    'a write reported as not stored that is stored',
    [created, operation('b', [2, 5], { kind: 'update' }, { kind: 'not stored' })],
    log,
  ],
  [
    'a conflict although the tag was current throughout',
    [created, updated, operation('c', [7, 8], { kind: 'update', ifMatch: 2 }, { kind: 'conflict' })],
    log,
  ],
  [
    'reported as deleted before its deletion',
    [created, updated, operation('r', [6, 7], read, { kind: 'deleted' })],
    log,
  ],
  ['missing after its creation', [created, updated, operation('r', [6, 7], read, { kind: 'absent' })], log],
  ["another version's value", [created, updated, operation('r', [6, 7], read, done(2, 'a'))], log],
  [
    'versions in another order than their writes',
    [
      created,
      operation('b', [6, 7], { kind: 'update' }, done(2, 'b')),
      operation('c', [2, 3], { kind: 'update' }, done(3, 'c')),
    ],
    [...log, entry(3, 'updated', 'c')],
  ],
  ['a change that no client requested', [created], log],
];

suite('the linearizability checker', () => {
  test('accepts valid hand-written histories', () => {
    for (const [what, operations, entries] of lawful) {
      assert.equal(findViolation(operations, entries), undefined, what);
      assert.ok(isLinearizable(operations, entries), what);
    }
  });

  test('rejects each kind of hand-written violation', (t) => {
    for (const [what, operations, entries] of violations) {
      assert.notEqual(findViolation(operations, entries), undefined, what);
      assert.ok(!isLinearizable(operations, entries), what);
    }
    t.diagnostic(`${violations.length} violations`);
  });

  test('agrees with an exhaustive search on valid and modified histories', (t) => {
    const random: Random = randomFrom('histories');
    let rejected = 0;
    for (let number = 0; number < histories; number++) {
      const history = randomHistory(random);
      assert.equal(findViolation(history.operations, history.log), undefined, JSON.stringify(history));
      const changed = mutated(history, random);
      const expected = isLinearizable(changed.operations, changed.log);
      const violation = findViolation(changed.operations, changed.log);
      assert.equal(violation === undefined, expected, `${violation} ${JSON.stringify(changed)}`);
      if (!expected) rejected += 1;
    }
    t.diagnostic(`${histories} valid accepted; as many modified, of which ${rejected} are violations`);
    assert.ok(rejected > histories / 10 && rejected < histories * 0.9);
  });
});
