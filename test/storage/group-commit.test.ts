import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { setTimeout as pause, setImmediate as turn } from 'node:timers/promises';
import { Failure } from '../../src/domain/failures.ts';
import { type CommitBatch, GroupCommit, type Settled } from '../../src/storage/writes/group-commit.ts';

type Commit = CommitBatch<string, string>;

const never: (work: string) => boolean = () => false;

/** A queue whose transactions end when the test says so. */
function manual({ batchMax = 256, queueMax = 1000, isExclusive = never, isBulk = never } = {}) {
  const batches: string[][] = [];
  const ends: ((settled?: readonly Settled<string>[]) => void)[] = [];
  const commit: Commit = (batch) => {
    batches.push([...batch]);
    return new Promise((resolve) => {
      ends.push((settled) => resolve(settled ?? batch.map((work) => ({ result: `${work}!` }))));
    });
  };
  const queue = new GroupCommit<string, string>(commit, { batchMax, isBulk, isExclusive, queueMax });
  /** Ends the transaction that runs, and lets the next one begin. */
  const end = async (settled?: readonly Settled<string>[]) => {
    ends.shift()?.(settled);
    await turn();
  };
  return { queue, batches, end };
}

suite('group commit', () => {
  test('starts a lone write at once, and groups the writes that arrive meanwhile', async () => {
    const { queue, batches, end } = manual();
    const first = queue.submit('a');
    await turn();
    assert.deepEqual(batches, [['a']]);
    const others = ['b', 'c', 'd'].map((work) => queue.submit(work));
    await turn();
    assert.deepEqual(batches, [['a']], 'a second transaction ran in parallel');
    await end();
    assert.equal(await first, 'a!');
    assert.deepEqual(batches, [['a'], ['b', 'c', 'd']]);
    await end();
    assert.deepEqual(await Promise.all(others), ['b!', 'c!', 'd!']);
  });

  test('estimates the wait of a write from the oldest in the queue or the recent batch times', async () => {
    const { queue, end } = manual({ batchMax: 2 });
    assert.deepEqual([queue.waiting, queue.waitMs], [0, 0]);
    const slow = queue.submit('a');
    await pause(200);
    await end();
    await slow;
    assert.equal(queue.waitMs, 0, 'nothing waits when nothing runs');
    const others = ['b', 'c', 'd', 'e', 'f'].map((work) => queue.submit(work));
    await turn();
    // The running batch has half of its 200 ms left, and one full batch runs before the next: b, c | d, e |
    // f.
    assert.equal(queue.waiting, 3);
    assert.ok(queue.waitMs > 95, `${queue.waitMs} ms`);
    await pause(300);
    assert.ok(queue.waitMs >= 290, 'the oldest has waited longer');
    for (let count = 0; count < 3; count++) await end();
    await Promise.all(others);
    assert.deepEqual([queue.waiting, queue.waitMs], [0, 0]);
  });

  // Planted: one queue for both. The lone write came after all of them.
  test('groups only a few bulk writes with others, and as many as fit without others', async () => {
    const { queue, batches, end } = manual({ isBulk: (work) => work.startsWith('line') });
    const lines = Array.from({ length: 500 }, (_, index) => queue.submit(`line ${index}`));
    await turn();
    const lone = queue.submit('a');
    await turn();
    await end();
    await end();
    assert.equal(await lone, 'a!');
    await pause(300);
    await end();
    await end();
    assert.deepEqual(
      await Promise.all(lines),
      Array.from({ length: 500 }, (_, index) => `line ${index}!`),
    );
    assert.deepEqual(
      batches.map((batch) => [batch[0], batch.length]),
      [
        ['line 0', 256],
        ['a', 33],
        ['line 288', 32],
        ['line 320', 180],
      ],
    );
  });

  test('groups the writes of one turn of the event loop', async () => {
    const { queue, batches, end } = manual();
    const results = Promise.all(['a', 'b', 'c'].map((work) => queue.submit(work)));
    await turn();
    assert.deepEqual(batches, [['a', 'b', 'c']]);
    await end();
    assert.deepEqual(await results, ['a!', 'b!', 'c!']);
  });

  test('resolves no write before its transaction has ended', async () => {
    const { queue, end } = manual();
    let answered = false;
    const result = queue.submit('a').then(() => {
      answered = true;
    });
    for (let count = 0; count < 5; count++) await turn();
    assert.equal(answered, false);
    await end();
    await result;
  });

  test('gives each write its own outcome', async () => {
    const { queue, end } = manual();
    const results = Promise.allSettled(['a', 'b', 'c'].map((work) => queue.submit(work)));
    await turn();
    const refusal = new Error('refused');
    await end([{ result: 'one' }, { error: refusal }, { result: 'three' }]);
    assert.deepEqual(await results, [
      { status: 'fulfilled', value: 'one' },
      { status: 'rejected', reason: refusal },
      { status: 'fulfilled', value: 'three' },
    ]);
  });

  test('rejects all writes of a failed batch, and continues with the next', async () => {
    let calls = 0;
    const failure = new Error('the disk is full');
    const queue = new GroupCommit<string, string>(
      async (batch) => {
        calls += 1;
        if (calls === 1) throw failure;
        return batch.map((work) => ({ result: work }));
      },
      { batchMax: 2, queueMax: 10 },
    );
    const results = await Promise.allSettled(['a', 'b', 'c'].map((work) => queue.submit(work)));
    assert.deepEqual(results, [
      { status: 'rejected', reason: failure },
      { status: 'rejected', reason: failure },
      { status: 'fulfilled', value: 'c' },
    ]);
    await queue.idle();
  });

  test('rejects writes for which a batch returned no outcome', async () => {
    const { queue, end } = manual();
    const results = Promise.allSettled(['a', 'b'].map((work) => queue.submit(work)));
    await turn();
    await end([{ result: 'a' }]);
    assert.deepEqual(
      (await results).map(({ status }) => status),
      ['fulfilled', 'rejected'],
    );
  });

  test('gives exclusive work its own transaction, in its turn', async () => {
    const { queue, batches, end } = manual({ isExclusive: (work) => work.startsWith('alone') });
    const works = ['a', 'b', 'alone 1', 'alone 2', 'c', 'd', 'alone 3'];
    const results = Promise.all(works.map((work) => queue.submit(work)));
    await turn();
    for (let count = 0; count < 5; count++) await end();
    assert.deepEqual(batches, [['a', 'b'], ['alone 1'], ['alone 2'], ['c', 'd'], ['alone 3']]);
    assert.deepEqual(
      await results,
      works.map((work) => `${work}!`),
    );
  });

  test('takes at most the maximum batch size, in order of arrival', async () => {
    const { queue, batches, end } = manual({ batchMax: 3 });
    const works = Array.from({ length: 8 }, (_, index) => String(index));
    const results = Promise.all(works.map((work) => queue.submit(work)));
    await turn();
    for (let count = 0; count < 3; count++) await end();
    assert.deepEqual(batches, [
      ['0', '1', '2'],
      ['3', '4', '5'],
      ['6', '7'],
    ]);
    await results;
  });

  test('rejects a write at once when the queue is full, and accepts others when there is room again', async () => {
    const { queue, end } = manual({ batchMax: 2, queueMax: 3 });
    const taken = ['a', 'b', 'c'].map((work) => queue.submit(work));
    await assert.rejects(
      queue.submit('d'),
      (error) => error instanceof Failure && error.code === 'unavailable' && error.retryAfterSeconds === 1,
    );
    await turn();
    const later = [queue.submit('e'), queue.submit('f')];
    await assert.rejects(queue.submit('g'), Failure);
    for (let count = 0; count < 3; count++) await end();
    assert.deepEqual(await Promise.all([...taken, ...later]), ['a!', 'b!', 'c!', 'e!', 'f!']);
  });

  test('is idle only when nothing waits and nothing runs', async () => {
    const { queue, end } = manual({ batchMax: 1 });
    await queue.idle();
    const results = [queue.submit('a'), queue.submit('b')];
    let idle = false;
    const becomesIdle = queue.idle().then(() => {
      idle = true;
    });
    await turn();
    await end();
    assert.equal(idle, false, 'idle while the second transaction runs');
    await end();
    await becomesIdle;
    await Promise.all(results);
  });

  test('starts again after being idle', async () => {
    const { queue, batches, end } = manual();
    for (const work of ['a', 'b', 'c']) {
      const result = queue.submit(work);
      await turn();
      await end();
      assert.equal(await result, `${work}!`);
      await queue.idle();
    }
    assert.deepEqual(batches, [['a'], ['b'], ['c']]);
  });

  test('accepts work submitted from the result of earlier work', async () => {
    const { queue, end, batches } = manual();
    const chain = queue.submit('a').then((answer) => queue.submit(answer));
    await turn();
    await end();
    await end();
    assert.equal(await chain, 'a!!');
    assert.deepEqual(batches, [['a'], ['a!']]);
  });
});
