/** Reading the change feed by pages and streams while writers on two instances commit. */

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { ChangePage, Customer } from '../../src/contract/types.ts';
import { describeEngines, type EngineName } from '../support/engines.ts';
import { followFeed } from '../support/feed-client.ts';
import { type Random, randomFrom } from '../support/random.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { byTier } from '../support/tier.ts';

const walks = byTier({ quick: 30, full: 200, soak: 5000 });
const atOnce = 20;
const writers = 8;
/** How far beyond the feed's end at its start a reader continues. */
const distanceMax = 40;

describeEngines('readers of the change feed', (engine) => {
  test('no change is skipped, and repeats only follow a reconnection', async (t) => {
    const services = await startServices(t, engine);
    const figures = { pages: 0, changes: 0, reconnections: 0, resent: 0 };
    let writing = true;
    const written = Array.from({ length: writers }, (_, index) =>
      write(services[index % services.length] as TestService, randomFrom(`feed writer ${engine} ${index}`)),
    );
    for (let walk = 0; walk < walks; walk += atOnce) {
      await Promise.all(Array.from({ length: atOnce }, (_, index) => walkOnce(walk + index)));
    }
    writing = false;
    const sum = (await Promise.all(written)).reduce((total, count) => total + count, 0);
    t.diagnostic(
      `${walks} readers during ${writers} writers on ${services.length} instances with ${sum} changes: ` +
        `${JSON.stringify(figures)}, 0 skipped, 0 repeated`,
    );

    async function walkOnce(walk: number): Promise<void> {
      const random = randomFrom(`feed walk ${engine} ${walk}`);
      const head = Number((await pageOf(random.pick(services), { after: 'latest' })).next);
      const start = random.integer(Math.max(0, head - distanceMax), head);
      const target = head + random.integer(0, distanceMax);
      const seen = await (walk % 2 ? walkByPages : walkByStreams)(random, start, target);
      assert.ok(seen.length >= target - start);
      assert.deepEqual(
        seen,
        seen.map((_, index) => start + 1 + index),
        `reader ${walk} from ${start}`,
      );
      figures.changes += seen.length;
    }

    async function walkByPages(random: Random, start: number, target: number): Promise<number[]> {
      const seen: number[] = [];
      for (let after = String(start); Number(after) < target; ) {
        const page = await pageOf(random.pick(services), { after, limit: random.integer(1, 40) });
        seen.push(...page.items.map(({ id }) => Number(id)));
        if (page.items.length === 0) await delay(10);
        figures.pages += 1;
        after = page.next;
      }
      return seen;
    }

    /** A consumer that sometimes dies, and continues after the last event it had processed. */
    async function walkByStreams(random: Random, start: number, target: number): Promise<number[]> {
      const processed: number[] = [];
      for (let at = start; at < target; at = processed.at(-1) ?? start) {
        const client = await followFeed(t, random.pick(services).url, { lastEventId: String(at) });
        const wanted = Math.min(target - at, random.integer(1, 30));
        const received = (await client.received(wanted)).map(({ id }) => Number(id));
        client.leave();
        const kept = received.slice(0, random.integer(at === start ? 1 : 0, received.length));
        processed.push(...kept);
        figures.reconnections += 1;
        figures.resent += received.length - kept.length;
      }
      return processed;
    }

    async function write(service: TestService, random: Random): Promise<number> {
      const ids: string[] = [];
      let changes = 0;
      while (writing) {
        const reply = await writeSomething(service, random, ids);
        if (reply.status < 300) changes += 1;
        await delay(random.integer(0, 40));
      }
      return changes;
    }
  });
});

/** One process serves a SQLite file; several can serve a PostgreSQL database. */
async function startServices(t: TestContext, engine: EngineName): Promise<TestService[]> {
  const first = await startTestService(t, { engine });
  if (engine === 'sqlite') return [first];
  return [first, await startTestService(t, { engine, databaseUrl: first.databaseUrl })];
}

async function pageOf(service: TestService, query: Record<string, string | number>): Promise<ChangePage> {
  return (await service.call<ChangePage>('GET', '/changes', { query })).json;
}

async function writeSomething(service: TestService, random: Random, ids: string[]) {
  const kind = random.integer(0, 9);
  if (ids.length < 3 || kind < 3) {
    const reply = await service.call<Customer>('POST', '/customers', { body: { name: 'Ada' } });
    ids.push(reply.json.id);
    return reply;
  }
  const path = `/customers/${random.pick(ids)}`;
  if (kind < 7) return service.call('PATCH', path, { body: { note: `${random.next()}` } });
  if (kind < 9) return service.call('DELETE', path);
  return service.call('POST', `${path}/restore`);
}
