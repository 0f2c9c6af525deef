/**
 * Reads with Min-Feed-Position from a streaming standby are never staler than requested, whatever happens to
 * the standby.
 *
 * Planted, and each failed: checkpoints assumed reached (`hasCheckpoint` returns true: stale reads during
 * paused replay); positions compared as text (`"9" >= "10"`: the same); reads without the header sent to the
 * replica; no fallback for a replica error (503); no circuit breaker (an unresponsive replica delays every
 * read); a writable server neither refused nor detected by its checkpoint (the fork answers).
 */

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { loadConfig } from '../../src/config/config.ts';
import type { Customer, CustomerList } from '../../src/contract/types.ts';
import { migrate } from '../../src/storage/open.ts';
import { suiteCleanup } from '../support/cleanup.ts';
import { type PostgresPair, startPostgresPair } from '../support/postgres-pair.ts';
import { replicaCounts } from '../support/replica-counts.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { byTier } from '../support/tier.ts';

const rounds = byTier({ full: 100, soak: 3000 });
const conditionTimeoutMs = 30_000;

describe('reads from a replica', () => {
  const cleanup = suiteCleanup();
  let pair: PostgresPair;
  let network: TcpProxy;
  let service: TestService;
  let id: string;
  let position: string;

  before(async () => {
    pair = await startPostgresPair(cleanup);
    network = await startTcpProxy(cleanup, pair.standby.url);
    const databaseUrl = pair.primary.url;
    await migrate(loadConfig({ DATABASE_URL: databaseUrl }).database);
    const environment = { DATABASE_REPLICA_URL: network.through(pair.standby.url) };
    service = await startTestService(cleanup, { engine: 'postgres', databaseUrl, environment });
    const { json } = await service.call<Customer>('POST', '/customers', {
      body: { name: 'Ada', externalId: 'ada' },
    });
    id = json.id;
    position = await write('first');
  });

  /** Updates the customer and returns the position of the change. */
  async function write(note: string): Promise<string> {
    const { status, headers } = await service.call('PATCH', `/customers/${id}`, { body: { note } });
    assert.equal(status, 200);
    return headers.get('feed-position') ?? '';
  }

  async function noteAt(minFeedPosition?: string): Promise<string | null> {
    const headers = minFeedPosition === undefined ? {} : { 'Min-Feed-Position': minFeedPosition };
    const { status, json } = await service.call<Customer>('GET', `/customers/${id}`, { headers });
    assert.equal(status, 200);
    return json.note;
  }

  /** Reads until the replica has served one of the reads. */
  async function untilServed(minFeedPosition: string): Promise<number> {
    const startedAt = performance.now();
    const { served } = await replicaCounts(service);
    while ((await replicaCounts(service)).served === served) {
      assert.ok(performance.now() - startedAt < conditionTimeoutMs, 'the replica is not used');
      await noteAt(minFeedPosition);
      await pause(20);
    }
    return performance.now() - startedAt;
  }

  /**
   * The response to a read whose parts all came from the replica; may take several attempts on a busy
   * machine.
   */
  async function servedBy(path: string, parts: number) {
    const startedAt = performance.now();
    for (;;) {
      const start = await replicaCounts(service);
      const reply = await service.call('GET', path, { headers: { 'Min-Feed-Position': position } });
      assert.equal(reply.status, 200);
      // Counted when the replica's transaction ends, which may be after the response.
      let end = start;
      while (end.all < start.all + parts) {
        assert.ok(performance.now() - startedAt < conditionTimeoutMs, `the replica does not serve ${path}`);
        end = await replicaCounts(service);
      }
      if (end.served === start.served + parts) return reply;
    }
  }

  test('once caught up, serves every operation with the header, and none without', async (t) => {
    const one = `/customers/${id}`;
    const operations = [one, `${one}/history`, '/external-ids/ada/customer', '/customers', '/changes'];
    for (const path of operations) {
      const plain = await service.call('GET', path);
      const { text } = await servedBy(path, 1);
      assert.equal(text, plain.text, path);
    }
    // The position, and the only page.
    const { headers } = await servedBy('/customers/export', 2);
    assert.equal(headers.get('feed-position'), position);
    t.diagnostic(`${operations.length + 1} operations served`);
    const { all } = await replicaCounts(service);
    for (const path of operations) await service.call('GET', path);
    assert.equal((await replicaCounts(service)).all, all);
  });

  test('with paused replay, serves no read beyond its position: 0 stale', async (t) => {
    await pair.pauseReplay();
    const before = await replicaCounts(service);
    let stale = 0;
    let newest = position;
    for (let round = 0; round < rounds; round++) {
      newest = await write(`round ${round}`);
      if ((await noteAt(newest)) !== `round ${round}`) stale += 1;
    }
    const after = await replicaCounts(service);
    t.diagnostic(`${rounds} reads of own writes, ${stale} stale; ${JSON.stringify(after)}`);
    assert.equal(stale, 0);
    assert.equal(after.served, before.served);

    // The replica serves reads up to its position, with the state of then; the primary serves all others.
    await untilServed(position);
    assert.equal(await noteAt(position), 'first');
    assert.equal(await noteAt(), `round ${rounds - 1}`);
    // A page after a position the replica has not reached is not ahead of the feed.
    const headers = { 'Min-Feed-Position': position };
    const { status } = await service.call('GET', `/changes?after=${newest}`, { headers });
    assert.equal(status, 200);
    assert.equal((await service.call('GET', '/changes?after=99999999', { headers })).status, 400);

    await pair.resumeReplay();
    t.diagnostic(
      `resumed, and used for the latest position after ${Math.round(await untilServed(newest))} ms`,
    );
    position = newest;
  });

  test('a list and a point read at the same time each get their own result', async () => {
    const replies = await Promise.all(
      Array.from({ length: 40 }, async (_, index) => {
        const headers: Record<string, string> =
          index % 2 === 0 ? {} : { 'Min-Feed-Position': index % 4 === 1 ? '1' : position };
        const one = await service.call<Customer>('GET', `/customers/${id}`, { headers });
        const list = await service.call<CustomerList>('GET', '/customers', { headers });
        return [one.json.version, list.json.items[0]?.version];
      }),
    );
    assert.equal(new Set(replies.flat()).size, 1);
  });

  test('after a conflict with replay, the primary serves the read', async (t) => {
    await pair.standby.run("ALTER SYSTEM SET max_standby_streaming_delay = '0'");
    await pair.standby.run('SELECT pg_reload_conf()');
    await untilServed(position);
    network.set({ delayMs: 50 });
    const start = await replicaCounts(service);
    let reads = 0;
    let failed = 0;
    while (failed === 0) {
      assert.ok(reads < 500, 'no conflict came');
      const reading = Promise.all([noteAt(position), noteAt(position)]);
      // When replayed, it cancels every transaction that has read the table.
      await pair.primary.run('BEGIN; LOCK TABLE changes IN ACCESS EXCLUSIVE MODE; COMMIT');
      await reading;
      reads += 2;
      failed = (await replicaCounts(service)).failed - start.failed;
    }
    network.set('none');
    t.diagnostic(`${failed} conflicts in ${reads} reads, 0 failed requests`);
    await untilServed(position);
  });

  test('when killed, fails no request, and is used again once it is back', async (t) => {
    let reading = true;
    const statuses: number[] = [];
    const readers = Array.from({ length: 8 }, async () => {
      while (reading) {
        const headers = { 'Min-Feed-Position': position };
        statuses.push((await service.call('GET', `/customers/${id}`, { headers })).status);
      }
    });
    await untilServed(position);
    const start = await replicaCounts(service);
    await pair.standby.kill();
    const killedAt = performance.now();
    while ((await replicaCounts(service)).paused < start.paused + 30) {
      assert.ok(
        performance.now() - killedAt < conditionTimeoutMs,
        'the dead replica is tried for every read',
      );
      await pause(5);
    }
    const dead = await replicaCounts(service);
    await pair.standby.start();
    const backMs = await untilServed(position);
    reading = false;
    await Promise.all(readers);
    t.diagnostic(
      `${statuses.length} reads; while dead ${dead.failed - start.failed} tried it and ` +
        `${dead.paused - start.paused} did not; used again ${Math.round(backMs)} ms after it was back`,
    );
    assert.deepEqual(new Set(statuses), new Set([200]));
  });

  test('when unresponsive, delays few reads, and only briefly', async (t) => {
    await untilServed(position);
    network.set('black hole');
    const start = await replicaCounts(service);
    const faultStartedAt = performance.now();
    const durations: number[] = [];
    for (let read = 0; read < rounds / 2; read++) {
      const startedAt = performance.now();
      await noteAt(position);
      durations.push(performance.now() - startedAt);
    }
    const elapsedMs = performance.now() - faultStartedAt;
    const end = await replicaCounts(service);
    network.set('none');
    durations.sort((one, other) => one - other);
    const [slowest = 0, middle = 0] = [durations.at(-1), durations[Math.floor(durations.length / 2)]];
    t.diagnostic(
      `${durations.length} reads: ${end.failed - start.failed} tried it; slowest ${Math.round(slowest)} ms, ` +
        `median ${middle.toFixed(1)} ms`,
    );
    // One read tries it, then one after each pause of two seconds.
    assert.ok(end.failed - start.failed <= 1 + elapsedMs / 2000);
    assert.ok(slowest < 10_000);
    t.diagnostic(`used again ${Math.round(await untilServed(position))} ms after the network was back`);
  });

  test('when promoted and changed, serves nothing', async (t) => {
    await untilServed(position);
    const databaseUrl = pair.standby.url;
    await pair.promote();
    // The old primary keeps serving and no longer waits for a standby.
    await pair.standby.run('ALTER SYSTEM RESET synchronous_standby_names');
    await pair.standby.run('SELECT pg_reload_conf()');
    const fork = await startTestService(cleanup, { engine: 'postgres', databaseUrl });
    let wrong = 0;
    const start = await replicaCounts(service);
    for (let round = 0; round < rounds / 10; round++) {
      position = await write(`ours ${round}`);
      // The same position in two histories.
      const body = { note: `theirs ${round}` };
      const { headers } = await fork.call('PATCH', `/customers/${id}`, { body });
      assert.equal(headers.get('feed-position'), position);
      for (let read = 0; read < 3; read++) if ((await noteAt(position)) !== `ours ${round}`) wrong += 1;
      await pause(round % 10 === 0 ? 300 : 0);
    }
    const end = await replicaCounts(service);
    t.diagnostic(`${(rounds / 10) * 3} reads, ${wrong} from the other history; ${JSON.stringify(end)}`);
    assert.equal(wrong, 0);
    assert.equal(end.served, start.served);
  });
});
