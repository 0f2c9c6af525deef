import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { mergeCommand } from '../../src/domain/commands.ts';
import { conflictFreeGroups, conflictKeys } from '../../src/storage/writes/conflict-groups.ts';
import { randomFrom } from '../support/random.ts';

suite('conflict groups', () => {
  // Planted: chains that were not merged. A write overtook one it was linked to through a third.
  test('items linked by keys, directly or through others, share a group and keep their order', (context) => {
    const items = fc.array(fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), { maxLength: 3 }), {
      maxLength: 12,
    });
    const runs = 2_000;
    fc.assert(
      fc.property(items, (keys) => {
        const groups = conflictFreeGroups(
          keys.map((_, index) => index),
          (index) => keys[index] ?? [],
        );
        const groupOf = (item: number) => groups.findIndex((group) => group.includes(item));
        assert.deepEqual(
          groups.flat().sort((one, other) => one - other),
          [...keys.keys()],
        );
        for (const later of keys.keys()) {
          for (const earlier of linkedBefore(keys, later)) assert.ok(groupOf(earlier) < groupOf(later));
        }
      }),
      { seed: randomFrom('write order').seed, numRuns: runs },
    );
    context.diagnostic(`${runs} batches of up to 12 writes`);
  });

  test('a merge by externalId also conflicts with writes by the id of that customer', () => {
    const idsByExternalId = new Map([['crm:1', 'the id']]);
    assert.deepEqual(conflictKeys(mergeCommand({ externalId: 'crm:1' }), idsByExternalId), [
      'the id',
      'external id crm:1',
    ]);
    assert.deepEqual(conflictKeys(mergeCommand({ name: 'Ada' }), idsByExternalId), []);
  });
});

/** Returns the items before this one that are linked to it through items up to it. */
function linkedBefore(keysOf: readonly (readonly string[])[], last: number): number[] {
  const keys = new Set(keysOf[last]);
  const found = new Set<number>();
  for (let grown = true; grown; ) {
    const more = [...keysOf.keys()].filter(
      (index) => index < last && !found.has(index) && keysOf[index]?.some((key) => keys.has(key)),
    );
    grown = more.length > 0;
    for (const index of more) {
      found.add(index);
      for (const key of keysOf[index] ?? []) keys.add(key);
    }
  }
  return [...found];
}
