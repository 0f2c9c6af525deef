/** Which requests are refused under which measured load. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { operationsById } from '../../../src/contract/operations.ts';
import { priorities, priorityOf, shedReason, slotsFor } from '../../../src/http/middleware/load-shedding.ts';
import { watchEventLoop } from '../../../src/runtime/event-loop-delay.ts';
import { createReadQueue } from '../../../src/storage/engine/read-queue.ts';

const queue = (waitMs: number) => ({ waiting: 1, waitMs });
const load = ({ reads = 0, writes = 0, loop = 0 }) => ({
  store: { reads: queue(reads), writes: queue(writes) },
  eventLoop: { delayMs: loop },
});
const classes = ['pointRead', 'list', 'write'] as const;
const refused = (measured: ReturnType<typeof load>) =>
  classes.filter((work) => shedReason(work, measured) !== undefined);

suite('load shedding decisions', () => {
  test('the request line determines the priority of each operation of the contract', () => {
    for (const { id, method, path } of operationsById.values()) {
      const target = path.replaceAll(/\{\w+\}/g, 'crm:4711');
      assert.equal(priorityOf(method, target), priorities[id], id);
      if (method === 'GET') assert.equal(priorityOf('HEAD', target), priorities[id], id);
    }
  });

  test('requests are refused by the wait in their own database queue, point reads last', () => {
    assert.deepEqual(refused(load({})), []);
    assert.deepEqual(refused(load({ writes: 60_000 })), ['write']);
    assert.deepEqual(refused(load({ reads: 1500 })), []);
    assert.deepEqual(refused(load({ reads: 1501 })), ['list']);
    assert.deepEqual(refused(load({ reads: 3001 })), ['pointRead', 'list']);
  });

  test('a delayed event loop affects all priorities, point reads last', () => {
    assert.deepEqual(refused(load({ loop: 500 })), []);
    assert.deepEqual(refused(load({ loop: 501 })), ['list', 'write']);
    assert.deepEqual(refused(load({ loop: 1001 })), [...classes]);
  });

  test('writes and lists leave a quarter of the slots free and have at least one', () => {
    const places = (requestsMax: number) => classes.map((work) => slotsFor(work, requestsMax));
    assert.deepEqual(places(1000), [1000, 750, 750]);
    assert.deepEqual(places(1), [1, 1, 1]);
  });

  test('one long pause of the event loop is ignored, several in a row count', async () => {
    const eventLoop = watchEventLoop();
    await pause(200);
    block(400);
    await pause(60);
    assert.ok(eventLoop.delayMs < 300, `${eventLoop.delayMs} ms after one pause`);
    for (let count = 0; count < 4; count++) {
      block(400);
      await pause(0);
    }
    assert.ok(eventLoop.delayMs > 200, `${eventLoop.delayMs} ms after four`);
    eventLoop.stop();
  });

  test('the wait of a read is that of the oldest in the queue, or the estimated time of those ahead', async () => {
    const line = createReadQueue(1);
    assert.deepEqual([line.waiting, line.waitMs], [0, 0]);
    const slow = (onStart: () => void) => {
      onStart();
      return pause(400);
    };
    await line.run(slow);
    let begin = () => {};
    const waiting = Array.from({ length: 10 }, () =>
      line.run(
        (onStart) =>
          new Promise<void>((resolve) => {
            const next = begin;
            begin = () => {
              next();
              onStart();
              resolve();
            };
          }),
      ),
    );
    // The estimate is 400 / 8 ms per read.
    assert.equal(line.waiting, 10);
    assert.ok(line.waitMs >= 10 * 45, `${line.waitMs} ms`);
    begin();
    await Promise.all(waiting);
    assert.deepEqual([line.waiting, line.waitMs], [0, 0]);
    await assert.rejects(line.run(() => Promise.reject(new Error('no connection'))));
    assert.equal(line.waiting, 0, 'a read that gave up is still in the queue');
  });
});

function block(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}
