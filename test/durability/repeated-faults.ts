import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { bearer, keyMaker, until } from '../support/credentials.ts';
import { followFeed } from '../support/feed-client.ts';
import type { PostgresPair } from '../support/postgres-pair.ts';
import { randomFrom } from '../support/random.ts';
import { byTier } from '../support/tier.ts';
import { assertNothingLost, startLoad } from './load.ts';
import { startPairService } from './pair-service.ts';

/** How often each fault is repeated. */
export const rounds = byTier({ full: 3, soak: 20 });
const recoveryMaxMs = 5000;
const waitsMax = 120_000;

type Scene = Awaited<ReturnType<typeof startPairService>>;

export async function restart(pair: PostgresPair): Promise<number> {
  await pair.primary.stop();
  await pair.primary.start();
  return sinceWritable(pair);
}

export async function failOver(pair: PostgresPair, { databaseUrl, proxy }: Scene): Promise<number> {
  await pair.primary.kill();
  await pair.promote();
  proxy.retarget(databaseUrl());
  return sinceWritable(pair);
}

/** Time at which the server itself acknowledges a write, with its standby back if it has one. */
async function sinceWritable(pair: PostgresPair): Promise<number> {
  await pair.primary.run('SELECT txid_current()');
  return performance.now();
}

/** Runs writers and readers while the fault is repeated; resolves when the server accepts writes again. */
export async function repeatFault(
  t: TestContext,
  pair: PostgresPair,
  name: string,
  trouble: (scene: Scene) => Promise<number>,
): Promise<void> {
  const scene = await startPairService(t, pair, { REQUEST_TIMEOUT_MS: '4000', RATE_LIMIT_PER_MINUTE: '0' });
  const { service } = scene;
  const guarded = await scene.another({ AUTH: 'keys' });
  const feed = await followFeed(t, service.url, { after: '0' });
  const random = randomFrom(name);
  const load = startLoad(t, { url: service.url, random, writers: 12, readers: 4 });
  const recoveries: number[] = [];
  let slowestTurnMs = 0;

  for (let round = 0; round < rounds; round++) {
    await load.written(performance.now());
    await pause(random.integer(0, 300));
    const writableAt = await trouble(scene);
    const [writtenMs] = await Promise.all([load.written(writableAt), load.readAgain(writableAt)]);
    await until(async () => (await service.call('GET', '/readyz')).status === 200, waitsMax);
    recoveries.push(writtenMs);
    slowestTurnMs = Math.max(slowestTurnMs, load.takeFigures().loopDelayMs);
    if (!pair.standby.running) await pair.rejoin();
  }
  await load.end();
  await load.ledger.repeatUnanswered(service.url);
  await assertNothingLost(t, scene.databaseUrl(), load.ledger);
  const positions = (await feed.received(load.ledger.versions())).map(({ id }) => Number(id));
  const unbroken = positions.map((_, place) => place + 1);
  assert.deepEqual(positions, unbroken, 'the stream skipped or repeated a change');
  const key = await keyMaker(t, scene.databaseUrl()).create(['customers:read']);
  const headers = bearer(key.text);
  await until(async () => (await guarded.call('GET', '/customers', { headers })).status === 200, waitsMax);

  recoveries.sort((a, b) => a - b);
  const [median = 0, longest = 0] = [recoveries[Math.floor(rounds / 2)], recoveries.at(-1)];
  t.diagnostic(
    `${rounds} ${name}: ${JSON.stringify(load.ledger.figures)}, writing again after ${median} ms (median), ` +
      `${longest} ms (at most); longest turn ${slowestTurnMs} ms`,
  );
  // If this process itself waits that long for its turn, the machine also makes the service wait.
  assert.ok(longest <= recoveryMaxMs + 20 * slowestTurnMs, `writing again after ${longest} ms`);
}
