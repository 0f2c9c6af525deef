/** Changes committed while the end of the feed is being read still reach the streams. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { anonymous } from '../../src/domain/authentication.ts';
import { createCommand } from '../../src/domain/commands.ts';
import { createStreamHub } from '../../src/http/sse/hub.ts';
import { describeEngines } from '../support/engines.ts';
import { openStore, plainContext } from './open-store.ts';

/** Shorter than the heartbeat, which would hide a lost wake-up. */
const patienceMs = 10_000;

describeEngines('a commit while the end of the feed is read', (engine) => {
  test('reaches a stream that has caught up, without a further commit', async (t) => {
    const { feed, customers } = await openStore(t, engine);
    const write = () => customers.write(createCommand({ name: 'Ada' }), plainContext());
    let atRead = async () => {};
    const streams = createStreamHub({
      ...feed,
      async readAfter(position, limit) {
        const changes = await feed.readAfter(position, limit);
        const commit = atRead;
        atRead = async () => {};
        await commit();
        return changes;
      },
    });
    const stream = (await streams.open('latest', 'after', anonymous))[Symbol.asyncIterator]();
    for (let round = 1; round <= 10; round++) {
      atRead = async () => void (await write());
      if (round === 1) await stream.next();
      else await write();
      const texts = await eventsOf(stream, round === 1 ? 1 : 2, t);
      assert.equal(texts.length, round === 1 ? 1 : 2);
    }
    await stream.return?.();
  });
});

async function eventsOf(stream: AsyncIterator<Uint8Array>, count: number, t: TestContext): Promise<string[]> {
  const ids: string[] = [];
  while (ids.length < count) {
    const late = delay(patienceMs, undefined, { signal: t.signal, ref: false });
    const next = await Promise.race([stream.next(), late]);
    assert.ok(next, `changes were not delivered: ${ids.length} of ${count} arrived`);
    const text = Buffer.from(next.value).toString();
    ids.push(...[...text.matchAll(/^id: (\d+)$/gm)].map(([, id = '']) => id));
  }
  return ids;
}
