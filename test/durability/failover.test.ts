/**
 * Row 7 of the test plan: PostgreSQL is restarted under load, and the primary is killed and its synchronous standby
 * promoted, again and again. Nothing that was acknowledged is lost, the service goes on by itself, and so do the
 * change feed's streams, the API keys and the housekeeping.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { loadConfig } from '../../src/config.ts';
import { migrate } from '../../src/storage/database.ts';
import type { Cleanup } from '../support/cleanup.ts';
import { bearer, keyMaker, until } from '../support/credentials.ts';
import { followFeed } from '../support/feed-client.ts';
import { type PostgresPair, startPostgresPair } from '../support/postgres-pair.ts';
import { randomFrom } from '../support/random.ts';
import { startTestService } from '../support/service.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { assertNothingLost, startLoad } from './writing.ts';

const soak = process.env.TEST_SOAK !== undefined;
const rounds = soak ? 20 : 3;
const timeoutMs = 3000;
const recoveryMaxMs = 5000;

interface Scene {
  readonly pair: PostgresPair;
  readonly proxy: TcpProxy;
  readonly load: ReturnType<typeof startLoad>;
}

/** Does something to the database, and returns since when it takes writes again. */
type Trouble = (scene: Scene) => Promise<number>;

const restart: Trouble = async ({ pair }) => {
  await pair.primary.stop();
  await pair.primary.start();
  await pair.primary.run('UPDATE probes SET at = now()');
  return performance.now();
};

const failOver: Trouble = async ({ pair, proxy }) => {
  await pair.primary.kill();
  await pair.promote();
  proxy.retarget(pair.primary.url);
  await pair.primary.run('UPDATE probes SET at = now()');
  return performance.now();
};

async function endure(
  cleanup: Cleanup & { diagnostic(message: string): void },
  name: string,
  trouble: Trouble,
) {
  const pair = await startPostgresPair(cleanup);
  await pair.primary.run('CREATE TABLE probes (at timestamptz)');
  await migrate(loadConfig({ DATABASE_URL: pair.primary.url }).database);
  const proxy = await startTcpProxy(cleanup, pair.primary.url);
  const start = (environment: Record<string, string>) =>
    startTestService(cleanup, {
      engine: 'postgres',
      databaseUrl: proxy.through(pair.primary.url),
      environment: { REQUEST_TIMEOUT_MS: String(timeoutMs), RATE_LIMIT_PER_MINUTE: '0', ...environment },
      sweepIntervalMs: 100,
    });
  const service = await start({});
  const guarded = await start({ AUTH: 'keys' });
  const feed = await followFeed(cleanup, service.url, { after: '0' });
  const random = randomFrom(name);
  const load = startLoad(cleanup, { url: service.url, random, writers: 12, readers: 4 });
  const recoveries: number[] = [];

  for (let round = 0; round < rounds; round++) {
    await load.written(performance.now());
    await pause(random.integer(0, 300));
    const writableAt = await trouble({ pair, proxy, load });
    const [writtenMs] = await Promise.all([load.written(writableAt), load.readAgain(writableAt)]);
    await until(async () => (await service.call('GET', '/readyz')).status === 200, 30_000);
    recoveries.push(writtenMs);
    if (!pair.standby.running) await pair.rejoin();
  }
  await load.end();
  await load.ledger.repeatUnanswered(service.url);
  await assertNothingLost(cleanup, pair.primary.url, load.ledger);
  const positions = (await feed.received(load.ledger.versions())).map(({ id }) => Number(id));
  assert.deepEqual(
    positions,
    positions.map((_, place) => place + 1),
    'the stream skipped and repeated nothing',
  );
  const key = await keyMaker(cleanup, proxy.through(pair.primary.url)).create(['customers:read']);
  const isKnown = async () =>
    (await guarded.call('GET', '/customers', { headers: bearer(key.text) })).status === 200;
  await until(isKnown, 30_000);

  recoveries.sort((a, b) => a - b);
  const [median = 0, longest = 0] = [recoveries[Math.floor(rounds / 2)], recoveries.at(-1)];
  cleanup.diagnostic(
    `${name}: ${rounds} times, ${JSON.stringify(load.ledger.figures)}, ` +
      `writing again after ${median} ms (median), ${longest} ms (at most)`,
  );
  assert.ok(longest <= recoveryMaxMs, `writing again after ${longest} ms`);
}

describe('the primary goes, under load [postgres]', () => {
  // Planted: a broken COMMIT taken for stored. Lost.
  test(`${rounds} restarts lose nothing`, (t) => endure(t, 'restarts', restart));

  // Planted: a standby's connection lent (a stream that skips), and the repeat of what a lost connection ended left
  // out (more than 5 s).
  test(`${rounds} failovers to the synchronous standby lose nothing`, (t) =>
    endure(t, 'failovers', failOver));
});
