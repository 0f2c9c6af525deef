/**
 * Three and ten times the service's capacity, which is limited by a database 50 ms away (PostgreSQL behind a
 * proxy; SQLite with its write lock held most of the time) and a low limit of concurrent requests. The
 * behaviour is compared with the peak of the same run.
 *
 * Planted, and each failed: no limit of requests and waits (nothing is refused, clients give up, and it lasts
 * for seconds after the load has ended); writes and lists may take all slots (point reads are dropped too); a
 * Retry-After of 0; /livez subject to load shedding.
 */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { loadConfig } from '../../src/config/config.ts';
import { migrate } from '../../src/storage/open.ts';
import { openDirectly, select } from '../storage/direct-engine.ts';
import { endWithThisProcess } from '../support/child-processes.ts';
import { afterwards, type Cleanup } from '../support/cleanup.ts';
import { describeEngines, type EngineName, freshDatabaseUrl } from '../support/engines.ts';
import { startCommand } from '../support/process.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { tier } from '../support/tier.ts';
import type { Figures, Kind, Offer } from './open-loop.ts';

const soak = tier === 'soak';
const generatorFile = fileURLToPath(new URL('./open-loop.ts', import.meta.url));
/** In each direction: 50 ms for a round trip. */
const proxyDelayMs = 25;
const lockHeldMs = 100;
/** At most, because a waiting writer polls the lock. */
const lockFreeMs = 150;
const requestsMax = 4;
const patienceMs = 2000;
/** A tenth of the clients' patience; a few milliseconds on an idle machine. */
const refusedMedianMaxMs = 200;
const recoveryMaxMs = 5000;
const peakMs = soak ? 10_000 : 1500;
const overloadMs = soak ? 60_000 : 2000;
const warmUpMs = soak ? 5000 : 500;
/** So few at once that none is refused: the slots that writes and lists may take. */
const peakClients = 3;
const attemptsMax = 1;
const goodputLeast = 0.8;
const kinds: readonly Kind[] = ['pointRead', 'list', 'write'];

/** The distant database delays reads too; a held lock only delays writes. */
const shares: Readonly<Record<EngineName, Readonly<Record<Kind, number>>>> = {
  postgres: { pointRead: 60, list: 20, write: 20 },
  sqlite: { pointRead: 15, list: 5, write: 80 },
};

describeEngines('overload', (engine) => {
  test('goodput stays high, refusals are fast, and recovery is immediate', async (context) => {
    const offer = startGenerator(context);
    const url = await startCapped(context, engine);
    const customerId = await create(url);
    const plan = { url, customerId, shares: shares[engine], patienceMs };
    // Warm up, because a new process is slow.
    await offer({ ...plan, durationMs: 1000, warmUpMs: 0, clients: 20 });
    const health = watchHealth(url);
    afterwards(context, async () => void (await health.stop()));
    for (const factor of [3, 10]) await survives(context, offer, plan, factor);
    const { asked, failed } = await health.stop();
    context.diagnostic(`/livez answered ${asked - failed} of ${asked}`);
    assert.equal(failed, 0, '/livez was not answered');
    const metrics = await (await fetch(`${url}/metrics`)).text();
    assert.match(metrics, /http_requests_refused_total\{reason="requests_max"\} [1-9]/);
  });
});

type Plan = Pick<Offer, 'url' | 'customerId' | 'shares' | 'patienceMs'>;

/**
 * Measures the peak and then offers a multiple of it. Other load on the machine can affect either phase, so a
 * failure must happen every time to count.
 */
async function survives(context: TestContext, offer: Generator, plan: Plan, factor: number): Promise<void> {
  let shortfalls: readonly string[] = [];
  for (let attempt = 1; attempt <= attemptsMax; attempt++) {
    const peak = await offer({ ...plan, durationMs: peakMs, warmUpMs: 300, clients: peakClients });
    const ratePerSecond = peak.goodput * factor;
    const figures = await offer({ ...plan, durationMs: overloadMs, warmUpMs, ratePerSecond });
    const recoveredMs = await recover(plan.url, plan.customerId);
    context.diagnostic(`peak: ${summary(peak)}`);
    context.diagnostic(
      `${factor} times: ${summary(figures)}; ${(figures.goodput / peak.goodput).toFixed(2)} of the peak; normal after ${recoveredMs} ms`,
    );
    // Other load on the machine does not explain these.
    const { refusedBadly, otherwise } = figures;
    assert.deepEqual({ refusedBadly, otherwise }, { refusedBadly: 0, otherwise: 0 });
    shortfalls = shortfallsOf(figures, peak, recoveredMs);
    if (shortfalls.length === 0) return;
    context.diagnostic(`attempt ${attempt}: ${shortfalls.join(', ')}`);
  }
  assert.deepEqual(shortfalls, [], `at ${factor} times the peak, ${attemptsMax} attempts`);
}

function shortfallsOf(figures: Figures, peak: Figures, recoveredMs: number): string[] {
  const { refused, served, refusedMedianMs } = figures;
  const dropped = (kind: Kind) => refused[kind] / (refused[kind] + served[kind] || 1);
  const shortfalls: [boolean, string][] = [
    [figures.goodput < peak.goodput * goodputLeast, 'goodput fell'],
    [refused.write === 0, 'nothing was refused'],
    [refusedMedianMs > refusedMedianMaxMs, 'refused slowly'],
    [dropped('pointRead') >= dropped('write'), 'point reads were dropped like writes'],
    [recoveredMs > recoveryMaxMs, 'it did not recover after the load'],
  ];
  return shortfalls.flatMap(([falls, name]) => (falls ? name : []));
}

/** Starts a service in its own process with a slow database. */
async function startCapped(cleanup: Cleanup, engine: EngineName): Promise<string> {
  const direct = await freshDatabaseUrl(cleanup, engine);
  await migrate(loadConfig({ DATABASE_URL: direct }).database);
  let databaseUrl = direct;
  if (engine === 'postgres') {
    const proxy = await startTcpProxy(cleanup, direct);
    proxy.set({ delayMs: proxyDelayMs });
    databaseUrl = proxy.through(direct);
  } else holdWriteLock(cleanup, direct);
  const env = {
    PORT: '0',
    DATABASE_URL: databaseUrl,
    DATABASE_POOL_SIZE: '4',
    REQUESTS_MAX: String(requestsMax),
  };
  const service = await startCommand(['serve'], { env, ready: /"url":"(http:[^"]+)"/ });
  afterwards(cleanup, async () => void (await service.stop('SIGKILL')));
  return service.match[1] as string;
}

/** Writes without pause: releases the lock until another writer has succeeded, and then takes it again. */
function holdWriteLock(cleanup: Cleanup, databaseUrl: string): void {
  const neighbour = openDirectly(cleanup, databaseUrl);
  const position = async () => (await select<{ position: number }>(neighbour, feedHead))[0]?.position;
  let ended = false;

  async function hold(): Promise<number | undefined> {
    for (;;) {
      try {
        const held = async () => {
          await pause(lockHeldMs);
          return position();
        };
        return await neighbour.transaction(held, { rollBack: true });
      } catch {
        await pause(1);
      }
    }
  }

  const holding = (async () => {
    await neighbour.maintain((session) => session.run('PRAGMA busy_timeout = 0', []));
    while (!ended) {
      const before = await hold();
      const freeUntil = performance.now() + lockFreeMs;
      while (performance.now() < freeUntil && (await position()) === before) await pause(1);
    }
  })();
  afterwards(cleanup, async () => {
    ended = true;
    await holding;
  });
}

const feedHead = 'SELECT position FROM feed_head';

type Generator = (plan: Offer) => Promise<Figures>;

/** Starts the generator in its own process. It makes one offer at a time. */
function startGenerator(cleanup: Cleanup): Generator {
  const child = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), generatorFile], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  endWithThisProcess(child);
  afterwards(cleanup, () => void child.kill('SIGKILL'));
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return async (plan) => {
    child.stdin.write(`${JSON.stringify(plan)}\n`);
    const { value, done } = await answers.next();
    assert.ok(!done, 'the generator has ended');
    return JSON.parse(value) as Figures;
  };
}

/** Probes /livez throughout, as an orchestrator does. */
function watchHealth(url: string) {
  let [asked, failed, ended] = [0, 0, false];
  const asking = (async () => {
    while (!ended) {
      asked++;
      const reply = await fetch(`${url}/livez`, { signal: AbortSignal.timeout(10_000) }).catch(
        () => undefined,
      );
      if (reply?.status !== 200) failed++;
      await reply?.text();
      await pause(100);
    }
  })();
  return {
    async stop() {
      ended = true;
      await asking;
      return { asked, failed };
    },
  };
}

/** How long it takes until one request of each kind succeeds at the first attempt, in a caller's order. */
async function recover(url: string, customerId: string): Promise<number> {
  const startedAt = performance.now();
  const paths = [`/customers/${customerId}`, '/customers'];
  for (;;) {
    const replies = await Promise.all(paths.map((path) => fetch(url + path)));
    await Promise.all(replies.map((reply) => reply.text()));
    if (replies.every(({ status }) => status === 200) && (await createOnce(url)) !== undefined) break;
    if (performance.now() - startedAt > recoveryMaxMs) break;
    await pause(50);
  }
  return Math.round(performance.now() - startedAt);
}

async function create(url: string): Promise<string> {
  const id = await createOnce(url);
  assert.ok(id, 'the first customer was refused');
  return id;
}

async function createOnce(url: string): Promise<string | undefined> {
  const headers = { 'content-type': 'application/json' };
  const reply = await fetch(`${url}/customers`, { method: 'POST', headers, body: '{"name":"Ada"}' });
  const { id } = (await reply.json()) as { id: string };
  return reply.status === 201 ? id : undefined;
}

function summary(figures: Figures): string {
  const { goodput, served, refused, late, servedMedianMs, refusedMedianMs, refusedP99Ms } = figures;
  const counts = (each: Readonly<Record<Kind, number>>) => kinds.map((kind) => each[kind]).join('/');
  return (
    `${goodput.toFixed(0)}/s served (point reads/lists/writes ${counts(served)}, median ${servedMedianMs.toFixed(0)} ms), ` +
    `refused ${counts(refused)} (median ${refusedMedianMs.toFixed(1)} ms, p99 ${refusedP99Ms.toFixed(0)} ms), ${late} late`
  );
}
