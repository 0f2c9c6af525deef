/**
 * The network between the service and PostgreSQL drops, stalls, resets or delays packets under load. Every
 * request ends by its deadline, no acknowledged write is lost, and the service recovers soon after the
 * network does.
 *
 * Planted, and each failed: `cut` without effect (nothing ends, and the test hangs), connections without a
 * liveness check (the first users of dead ones wait a full deadline).
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { loadConfig } from '../../src/config/config.ts';
import { migrate } from '../../src/storage/open.ts';
import { until } from '../support/credentials.ts';
import { freshDatabaseUrl } from '../support/engines.ts';
import { followFeed } from '../support/feed-client.ts';
import { randomFrom } from '../support/random.ts';
import { startTestService } from '../support/service.ts';
import { startTcpProxy, type Trouble } from '../support/tcp-proxy.ts';
import { tier } from '../support/tier.ts';
import { assertNothingLost, startLoad } from './load.ts';

const soak = tier === 'soak';
const rounds = soak ? 20 : 1;
const timeoutMs = 1500;
/** Allowed beyond the deadline. */
const graceMs = timeoutMs * 0.1;
const healthyMaxMs = 5000;

const troubles: readonly Trouble[] = [
  'black hole',
  'answers lost',
  'requests lost',
  'held up',
  'reset',
  { delayMs: 500 },
];

describe('the network to the database [postgres]', () => {
  for (const trouble of troubles) {
    const name = typeof trouble === 'string' ? trouble : `${trouble.delayMs} ms each way`;
    test(`${name}: requests end in time, nothing is lost, and the service recovers`, async (t) => {
      const databaseUrl = await freshDatabaseUrl(t, 'postgres');
      await migrate(loadConfig({ DATABASE_URL: databaseUrl }).database);
      const proxy = await startTcpProxy(t, databaseUrl);
      const service = await startTestService(t, {
        engine: 'postgres',
        databaseUrl: proxy.through(databaseUrl),
        environment: { REQUEST_TIMEOUT_MS: String(timeoutMs), RATE_LIMIT_PER_MINUTE: '0' },
        sweepIntervalMs: 100,
      });
      const { url } = service;
      const feed = await followFeed(t, url, { after: '0' });
      const random = randomFrom(`network ${name}`);
      const load = startLoad(t, { url, random, writers: 8, readers: 4 });
      const recoveries: number[] = [];
      let slowestTurnMs = 0;
      for (let round = 0; round < rounds; round++) {
        await load.written(performance.now());
        load.takeFigures();
        proxy.set(trouble);
        await pause(timeoutMs * 1.3 + random.integer(0, 300));
        assert.equal((await fetch(`${url}/livez`)).status, 200);
        proxy.set('none');
        const recoveredAt = performance.now();
        await Promise.all([load.written(recoveredAt), load.readAgain(recoveredAt)]);
        await until(async () => (await service.call('GET', '/readyz')).status === 200, 120_000);
        recoveries.push(performance.now() - recoveredAt);
        const { requests, longestMs, loopDelayMs } = load.takeFigures();
        slowestTurnMs = Math.max(slowestTurnMs, loopDelayMs);
        t.diagnostic(
          `${requests} requests, the longest ${longestMs} ms of ${timeoutMs}; loop ${loopDelayMs} ms`,
        );
        // This process runs the clients too and may have been starved itself. Without `cut` it is at least a
        // second more.
        assert.ok(longestMs <= timeoutMs + graceMs + 5 * loopDelayMs + 500, `a request took ${longestMs} ms`);
      }
      await load.end();
      await load.ledger.repeatUnanswered(url);
      await assertNothingLost(t, databaseUrl, load.ledger);
      const last = Math.max(...recoveries);
      assert.ok(last <= healthyMaxMs + 20 * slowestTurnMs, `recovered after ${Math.round(last)} ms`);
      const positions = (await feed.received(load.ledger.versions())).map(({ id }) => Number(id));
      assert.deepEqual(
        positions,
        positions.map((_, place) => place + 1),
        'the stream skipped a change',
      );
      t.diagnostic(
        `${rounds} times, ${JSON.stringify(load.ledger.figures)}, recovered after at most ${Math.round(last)} ms`,
      );
    });
  }

  test('silently dropped connections cost no request its deadline', async (t) => {
    const databaseUrl = await freshDatabaseUrl(t, 'postgres');
    await migrate(loadConfig({ DATABASE_URL: databaseUrl }).database);
    const proxy = await startTcpProxy(t, databaseUrl);
    const service = await startTestService(t, {
      engine: 'postgres',
      databaseUrl: proxy.through(databaseUrl),
      environment: { REQUEST_TIMEOUT_MS: '20000' },
    });
    await Promise.all(Array.from({ length: 20 }, () => service.call('GET', '/customers')));
    await service.call('POST', '/customers', { body: { name: 'Before' } });
    // Longer than a connection is trusted.
    await pause(2500);
    proxy.forget();
    const begin = performance.now();
    const replies = await Promise.all([
      service.call('POST', '/customers', { body: { name: 'After' } }),
      ...Array.from({ length: 20 }, () => service.call('GET', '/customers')),
    ]);
    const tookMs = Math.round(performance.now() - begin);
    assert.deepEqual(
      replies.map(({ status }) => status),
      [201, ...Array(20).fill(200)],
    );
    t.diagnostic(`21 requests on dropped connections, all answered within ${tookMs} ms of 20,000`);
  });
});
