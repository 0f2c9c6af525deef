/**
 * A rolling upgrade on PostgreSQL under load and its rollback: no request fails. The old release is this
 * program in its own process; the new one is this program with two more migrations.
 *
 * Planted, and each failed: `servedSince` not recorded (the rollback does not start), a migration that drops
 * a column of the old release (its requests fail).
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '../../../src/config/config.ts';
import { migrate } from '../../../src/storage/open.ts';
import { afterwards, type Cleanup } from '../../support/cleanup.ts';
import { until } from '../../support/credentials.ts';
import { freshDatabaseUrl } from '../../support/engines.ts';
import { startCommand } from '../../support/process.ts';
import { startTestService } from '../../support/service.ts';
import { byTier } from '../../support/tier.ts';
import { openDirectly, select } from '../direct-engine.ts';
import { startBalancer } from './balancer.ts';
import { nextRelease } from './next-release.ts';

const clients = 8;
const requestsOfAPhase = byTier({ full: 80, soak: 3000 });
const phaseTimeoutMs = 120_000;

test('a release hands over to the next and back, and no request fails [postgres]', async (t) => {
  const databaseUrl = await freshDatabaseUrl(t, 'postgres');
  const { database } = loadConfig({ DATABASE_URL: databaseUrl });
  await migrate(database);
  const balancer = await startBalancer(t);
  const previous = await startPrevious(t, databaseUrl);
  balancer.use(previous.url);
  await untilReady(previous.url);
  const load = startLoad(balancer.url);
  const phase = async () => {
    const from = load.answered();
    await until(
      async () => load.failures.length > 0 || load.answered() >= from + requestsOfAPhase,
      phaseTimeoutMs,
    );
    assert.deepEqual(load.failures, []);
  };
  await phase();

  assert.deepEqual(await migrate(database, nextRelease), ['998-next-column', '999-next-index']);
  await phase();
  const next = await startTestService(t, { engine: 'postgres', databaseUrl, steps: nextRelease });
  balancer.use(previous.url, next.url);
  await untilReady(next.url);
  await phase();
  const stopped = await previous.stop();
  assert.deepEqual([stopped.code, stopped.signal], [0, null], stopped.stderr);
  balancer.use(next.url);
  await phase();

  const again = await startPrevious(t, databaseUrl);
  balancer.use(next.url, again.url);
  await untilReady(again.url);
  await phase();
  await next.stop();
  balancer.use(again.url);
  await phase();

  const acknowledged = await load.stop();
  assert.deepEqual(load.failures, []);
  const direct = openDirectly(t, databaseUrl);
  const rows = await select<{ id: string; note: string }>(direct, 'SELECT id, note FROM customers');
  const notes = new Map(rows.map(({ id, note }) => [id, note]));
  const lost = [...acknowledged].filter(([id, note]) => notes.get(id) !== note);
  assert.deepEqual([lost, rows.length], [[], acknowledged.size], 'each exists once, as acknowledged');
  for (const { url } of [previous, next, again]) assert.ok(balancer.answered(url) > 0, url);
  t.diagnostic(
    `${load.answered()} requests through two handovers, 0 failed; ${acknowledged.size} customers, 0 lost`,
  );
});

/** This program, in its own process. */
async function startPrevious(cleanup: Cleanup, databaseUrl: string) {
  const env = { HOST: '127.0.0.1', PORT: '0', DATABASE_URL: databaseUrl, LOG_LEVEL: 'info' };
  const command = await startCommand(['serve'], { env, ready: /"url":"(http:[^"]+)"/ });
  afterwards(cleanup, async () => void (await command.stop('SIGKILL')));
  return { url: command.match[1] as string, stop: () => command.stop('SIGTERM') };
}

async function untilReady(url: string): Promise<void> {
  await until(async () => (await fetch(`${url}/readyz`)).status === 200, 30_000);
}

/** Clients that create, read, update and list without pause, each with its own Idempotency-Key. */
function startLoad(url: string) {
  const failures: string[] = [];
  const acknowledged = new Map<string, string>();
  let answered = 0;
  let running = true;

  async function call(expected: number, method: string, path: string, body?: object, headers = {}) {
    const init = { method, headers: { 'content-type': 'application/json', ...headers } };
    try {
      const reply = await fetch(url + path, { ...init, ...(body ? { body: JSON.stringify(body) } : {}) });
      const text = await reply.text();
      if (reply.status !== expected)
        failures.push(`${method} ${path}: ${reply.status} ${text.slice(0, 200)}`);
      answered += 1;
      return reply.status === expected ? (JSON.parse(text) as { id: string }) : undefined;
    } catch (error) {
      failures.push(`${method} ${path}: ${error}`);
      return undefined;
    }
  }

  async function client(number: number): Promise<void> {
    for (let round = 0; running && failures.length < 10; round += 1) {
      const key = { 'idempotency-key': `client-${number}-${round}` };
      const created = await call(201, 'POST', '/customers', { name: `Client ${number}`, note: 'new' }, key);
      if (!created) continue;
      acknowledged.set(created.id, 'new');
      await call(200, 'GET', `/customers/${created.id}`);
      const changed = await call(200, 'PATCH', `/customers/${created.id}`, { note: `changed ${round}` });
      if (changed) acknowledged.set(created.id, `changed ${round}`);
      await call(200, 'GET', '/customers?limit=5&status=active');
    }
  }

  const all = Promise.all(Array.from({ length: clients }, (_, number) => client(number)));
  return {
    failures,
    answered: () => answered,
    async stop() {
      running = false;
      await all;
      return acknowledged;
    },
  };
}
