import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { mergeCommand } from '../../src/domain/commands.ts';
import { namesOfCommand, roundsOf } from '../../src/storage/writes/apply.ts';
import { randomFrom } from '../support/random.ts';

suite('write order', () => {
  // Planted: chains that were not joined let a write overtake one that it was linked to by a third.
  test('what is linked by names, also through others, is in different rounds and in order', (context) => {
    const items = fc.array(fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), { maxLength: 3 }), {
      maxLength: 12,
    });
    const runs = 2_000;
    fc.assert(
      fc.property(items, (named) => {
        const rounds = roundsOf(
          named.map((_, index) => index),
          (index) => named[index] ?? [],
        );
        const roundOf = (item: number) => rounds.findIndex((round) => round.includes(item));
        assert.deepEqual(
          rounds.flat().sort((one, other) => one - other),
          [...named.keys()],
        );
        for (const later of named.keys()) {
          for (const earlier of linkedBefore(named, later)) assert.ok(roundOf(earlier) < roundOf(later));
        }
      }),
      { seed: randomFrom('write order').seed, numRuns: runs },
    );
    context.diagnostic(`${runs} batches of up to 12 writes`);
  });

  test('a merge by externalId also has the name of who holds it', () => {
    const holders = new Map([['crm:1', 'the holder']]);
    assert.deepEqual(namesOfCommand(mergeCommand({ externalId: 'crm:1' }), holders), [
      'the holder',
      'external id crm:1',
    ]);
    assert.deepEqual(namesOfCommand(mergeCommand({ name: 'Ada' }), holders), []);
  });
});

/** The writes before this one that are linked to it by writes no later than it. */
function linkedBefore(named: readonly (readonly string[])[], last: number): number[] {
  const names = new Set(named[last]);
  const found = new Set<number>();
  for (let grown = true; grown; ) {
    const more = [...named.keys()].filter(
      (index) => index < last && !found.has(index) && named[index]?.some((name) => names.has(name)),
    );
    grown = more.length > 0;
    for (const index of more) {
      found.add(index);
      for (const name of named[index] ?? []) names.add(name);
    }
  }
  return [...found];
}
