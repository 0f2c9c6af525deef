import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { importCustomers, type LineResult } from '../../src/bulk/import.ts';
import type { MergeCommand } from '../../src/domain/commands.ts';
import type { WriteOutcome } from '../../src/domain/customer-store.ts';

const batchOf = (first: number, count = 64) =>
  Array.from({ length: count }, (_, index) => ({ line: first + index, value: { name: 'A' } }));

/** A store whose writes end when the test says so. */
function manualStore() {
  const ends: (() => void)[] = [];
  const write = (_: MergeCommand) =>
    new Promise<WriteOutcome>((resolve) => {
      ends.push(() => resolve({ id: 'x', created: true } as WriteOutcome));
    });
  return { ends, write, endAll: () => ends.splice(0).map((end) => end()) };
}

suite('importCustomers', () => {
  // Planted: unlimited read-ahead. All 10,000 lines were in progress.
  test('limits the lines in progress, and reads on as they finish', async () => {
    const { ends, write, endAll } = manualStore();
    let read = 0;
    async function* source() {
      for (; read < 10_000; read += 64) yield batchOf(read);
    }
    const results = importCustomers(source(), write);
    const first = results.next();
    for (let count = 0; count < 100; count++) await turn();
    assert.equal(ends.length, 256);
    endAll();
    await first;
    const second = results.next();
    for (let count = 0; count < 100; count++) await turn();
    assert.ok(ends.length > 0 && read <= 256 + 3 * 64, `${read} lines read`);
    endAll();
    await second;
    await results.return(undefined);
  });

  // Planted: the next read awaited before the results. This test hung.
  test('returns the results of finished lines while the sender pauses', async () => {
    const { write, endAll } = manualStore();
    async function* source() {
      yield batchOf(1, 3);
      await new Promise(() => undefined);
    }
    const results = importCustomers(source(), write);
    const first = results.next();
    for (let count = 0; count < 10; count++) await turn();
    endAll();
    assert.deepEqual(
      ((await first).value as readonly LineResult[]).map(({ line, outcome }) => [line, outcome]),
      [
        [1, 'created'],
        [2, 'created'],
        [3, 'created'],
      ],
    );
  });

  // Planted: the source's error thrown at once. No line was reported.
  test('returns the results of earlier lines before it reports that the source failed', async () => {
    async function* source() {
      yield batchOf(1);
      yield batchOf(65);
      throw new Error('cut off');
    }
    const lines: number[] = [];
    const write = async () => ({ id: 'x', created: true }) as WriteOutcome;
    await assert.rejects(async () => {
      for await (const batch of importCustomers(source(), write))
        lines.push(...batch.map(({ line }) => line));
    }, /cut off/);
    assert.deepEqual(
      lines,
      Array.from({ length: 128 }, (_, index) => index + 1),
    );
  });
});
