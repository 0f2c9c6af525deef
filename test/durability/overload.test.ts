/**
 * Row 12 of the test plan: three and ten times what the service can do. Its capacity is capped by a database 50 ms
 * away (PostgreSQL behind a proxy; SQLite, whose write lock somebody holds most of the time) and by a low limit of
 * requests at once. What it does then is held against what it did at its peak in the same run.
 *
 * Planted, and seen to fail: no limit of requests and of waits (on PostgreSQL goodput collapses, for lists queue up
 * before everything); writes and lists may take all places (point reads are dropped like the rest); a Retry-After
 * of 0; /livez behind the admission.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { openDirectly } from '../storage/direct-engine.ts';
import { afterwards, type Cleanup } from '../support/cleanup.ts';
import { describeEngines, type EngineName, freshDatabaseUrl } from '../support/engines.ts';
import { runCommand, startCommand } from '../support/process.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import type { Figures, Kind, Offer } from './open-loop.ts';

const soak = process.env.TEST_SOAK !== undefined;
const generator = fileURLToPath(new URL('./open-loop.ts', import.meta.url));
/** Each way: 50 ms there and back. */
const proxyDelayMs = 25;
const lockHeldMs = 40;
const lockFreeMs = 15;
const requestsMax = 8;
const patienceMs = 2000;
/** A tenth of the patience: measured 1 to 2 ms on a machine that has nothing else to do. */
const refusedMedianMaxMs = 200;
const recoveryMaxMs = 5000;
const peakMs = soak ? 10_000 : 1500;
const overloadMs = soak ? 60_000 : 2000;
const warmUpMs = soak ? 5000 : 500;
/** So many at once that none is refused: what writes and lists may take of the places. */
const peakClients = 6;
const goodputLeast = 0.8;
const kinds: readonly Kind[] = ['pointRead', 'list', 'write'];

/** Reads are what the database 50 ms away is slow at too; a held lock stands in the way of writes alone. */
const shares: Readonly<Record<EngineName, Readonly<Record<Kind, number>>>> = {
  postgres: { pointRead: 60, list: 20, write: 20 },
  sqlite: { pointRead: 15, list: 5, write: 80 },
};

describeEngines('overload', (engine) => {
  test('goodput stays, refusals are quick, and it is over when it is over', async (context) => {
    const url = await startCapped(context, engine);
    const customerId = await create(url);
    const plan = { url, customerId, shares: shares[engine], patienceMs };
    const peak = await offer({ ...plan, durationMs: peakMs, warmUpMs: 300, clients: peakClients });
    context.diagnostic(`peak: ${tell(peak)}`);
    for (const factor of [3, 10]) {
      const health = watchHealth(url);
      const ratePerSecond = peak.goodput * factor;
      const figures = await offer({ ...plan, durationMs: overloadMs, warmUpMs, ratePerSecond });
      const { asked, failed } = await health.stop();
      const recoveredMs = await recover(url, customerId);
      const ratio = figures.goodput / peak.goodput;
      context.diagnostic(
        `${factor} times: ${tell(figures)}; ${ratio.toFixed(2)} of the peak; /livez ${asked - failed} of ${asked}; normal after ${recoveredMs} ms`,
      );
      assert.ok(ratio >= goodputLeast, `goodput fell to ${ratio.toFixed(2)} of the peak`);
      assert.deepEqual({ failed, refusedBadly: figures.refusedBadly }, { failed: 0, refusedBadly: 0 });
      assert.equal(figures.otherwise, 0, 'answered with something else');
      assert.ok(total(figures.refused) > 0, 'nothing was refused');
      assert.ok(figures.refusedMedianMs < refusedMedianMaxMs, `refused in ${figures.refusedMedianMs} ms`);
      const dropped = (kind: Kind) =>
        figures.refused[kind] / (figures.refused[kind] + figures.served[kind] || 1);
      assert.ok(dropped('pointRead') < dropped('write'), 'point reads are dropped before writes');
      assert.ok(recoveredMs < recoveryMaxMs, `normal only after ${recoveredMs} ms`);
    }
    const metrics = await (await fetch(`${url}/metrics`)).text();
    assert.match(metrics, /http_requests_refused_total\{reason="requests_max"\} [1-9]/);
  });
});

/** A service of its own process, and what makes its database slow. */
async function startCapped(cleanup: Cleanup, engine: EngineName): Promise<string> {
  const direct = await freshDatabaseUrl(cleanup, engine);
  const migrated = await runCommand(['migrate'], { env: { DATABASE_URL: direct } });
  assert.equal(migrated.code, 0, migrated.stderr);
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

/** Holds the lock most of the time, as a neighbour that writes without end, and gives it up for a moment each time. */
function holdWriteLock(cleanup: Cleanup, databaseUrl: string): void {
  const neighbour = openDirectly(cleanup, databaseUrl);
  let ended = false;
  const holding = (async () => {
    while (!ended) {
      await neighbour.transaction(() => pause(lockHeldMs), { rollBack: true }).catch(() => undefined);
      await pause(lockFreeMs);
    }
  })();
  afterwards(cleanup, async () => {
    ended = true;
    await holding;
  });
}

/** Runs the generator, in a process of its own. */
async function offer(plan: Offer): Promise<Figures> {
  const args = ['--import', import.meta.resolve('tsx'), generator, JSON.stringify(plan)];
  const timeout = plan.durationMs + plan.patienceMs + 30_000;
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout });
  return JSON.parse(stdout) as Figures;
}

/** Asks whether it lives, all along, as whoever would start it anew does. */
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

/** How long it takes until one of each kind is served again, at the first attempt and in the order of a caller. */
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

function total(counts: Readonly<Record<Kind, number>>): number {
  return kinds.reduce((sum, kind) => sum + counts[kind], 0);
}

function tell(figures: Figures): string {
  const { goodput, served, refused, late, servedMedianMs, refusedMedianMs, refusedP99Ms } = figures;
  const counts = (each: Readonly<Record<Kind, number>>) => kinds.map((kind) => each[kind]).join('/');
  return (
    `${goodput.toFixed(0)}/s served (point reads/lists/writes ${counts(served)}, median ${servedMedianMs.toFixed(0)} ms), ` +
    `refused ${counts(refused)} (median ${refusedMedianMs.toFixed(1)} ms, p99 ${refusedP99Ms.toFixed(0)} ms), ${late} late`
  );
}
