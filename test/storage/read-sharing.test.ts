/**
 * Equal reads share a query that starts after all of them arrived.
 *
 * Planted: a read that joins a running query. It returned stale data.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { createSingleFlight } from '../../src/storage/engine/batching.ts';

/** Reads of a changing state, by queries that end when the test says so. */
function startScene() {
  let state = 0;
  const queries: { readonly reads: readonly string[]; end(): void; fail(): void }[] = [];
  const read = createSingleFlight((reads: readonly string[]) => {
    const seen = state;
    return new Promise<number>((resolve, reject) => {
      queries.push({ reads, end: () => resolve(seen), fail: () => reject(new Error('planned')) });
    });
  });
  const change = () => {
    state += 1;
  };
  return { read, queries, change };
}

describe('equal reads', () => {
  test('of one turn of the event loop share a query, and others have their own', async () => {
    const { read, queries } = startScene();
    const answers = Promise.all([read('a', 'a1'), read('b', 'b1'), read('a', 'a2')]);
    await turn();
    await turn();
    assert.deepEqual(
      queries.map(({ reads }) => reads),
      [['a1', 'a2'], ['b1']],
    );
    for (const { end } of queries) end();
    assert.deepEqual(await answers, [0, 0, 0]);
  });

  test('never get the result of a query that started before they arrived', async () => {
    const { read, queries, change } = startScene();
    const before = read('a', 'before');
    await turn();
    await turn();
    change();
    const after = read('a', 'after');
    queries[0]?.end();
    assert.equal(await before, 0);
    await turn();
    await turn();
    queries[1]?.end();
    assert.equal(await after, 1);
    assert.equal(queries.length, 2);
  });

  test('share a failure, and the next read tries again', async () => {
    const { read, queries } = startScene();
    const outcomes = Promise.allSettled([read('a', '1'), read('a', '2')]);
    await turn();
    await turn();
    queries[0]?.fail();
    assert.deepEqual(
      (await outcomes).map(({ status }) => status),
      ['rejected', 'rejected'],
    );
    const next = read('a', '3');
    await turn();
    await turn();
    queries[1]?.end();
    assert.equal(await next, 0);
  });
});
