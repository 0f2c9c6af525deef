/** Erasures that run at the same time as other writes and reads of the same customer. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Customer, ErasureReceipt } from '../../../src/contract/types.ts';
import { suiteCleanup } from '../../support/cleanup.ts';
import { describeEngines } from '../../support/engines.ts';
import { randomFrom } from '../../support/random.ts';
import { startTestService, type TestService } from '../../support/service.ts';
import { byTier } from '../../support/tier.ts';
import { openDirectly, select, sqliteFile } from '../direct-engine.ts';

/** All requests of a test arrive at once; a slow machine must not time any out. */
const environment = { REQUEST_TIMEOUT_MS: '25000' };
const rounds = byTier({ quick: 4, full: 15, soak: 200 });

describeEngines('erasures', (engine) => {
  const cleanup = suiteCleanup();
  const services: TestService[] = [];
  before(async () => {
    services.push(await startTestService(cleanup, { engine, environment }));
  });
  contend(services, engine);
});

describe('erasures on two instances [postgres]', () => {
  const cleanup = suiteCleanup();
  const services: TestService[] = [];
  before(async () => {
    const first = await startTestService(cleanup, { engine: 'postgres', environment });
    const { databaseUrl } = first;
    services.push(first, await startTestService(cleanup, { engine: 'postgres', environment, databaseUrl }));
  });
  contend(services, 'two instances');
});

function contend(services: readonly TestService[], label: string): void {
  const suite = suiteCleanup();
  const random = randomFrom(`erasures ${label}`);
  const instance = (index: number) => services[index % services.length] as TestService;
  const call = <Body = Customer>(index: number, method: string, path: string, body?: object, headers = {}) =>
    instance(index).call<Body>(method, path, { body, headers });

  test('against updates, deletions, restorations and upserts: one receipt, then 410, and no trace left', async (t) => {
    const seen: Record<string, number> = {};
    for (let round = 0; round < rounds; round++) {
      const externalId = `contested:${round}`;
      const { id } = (await call(0, 'POST', '/customers', { name: 'Canary 1', externalId })).json;
      const path = `/customers/${id}`;
      const receipts: string[] = [];
      await Promise.all(
        Array.from({ length: 30 }, async (_, index) => {
          await delay(random.integer(0, 3));
          const kind = index % 6;
          if (kind === 0) {
            const { status, text } = await call(index, 'POST', `${path}/erase`);
            assert.equal(status, 200);
            receipts.push(text);
            return;
          }
          const [method, target, body] = [
            ['PATCH', path, { note: `Canary ${index}` }],
            ['PATCH', path, { tags: [`Canary ${index}`] }],
            ['DELETE', path],
            ['POST', `${path}/restore`],
            ['PUT', path, { name: `Canary ${index}` }],
          ][kind - 1] as [string, string, object?];
          const { status } = await call(index, method, target, body, { 'If-None-Match': '"0"' });
          seen[`${method} ${status}`] = (seen[`${method} ${status}`] ?? 0) + 1;
        }),
      );
      assert.equal(new Set(receipts).size, 1, 'two receipts differ');
      const { version } = JSON.parse(receipts[0] ?? '') as ErasureReceipt;
      assert.equal((await call(round, 'GET', path)).problem.code, 'customer_erased');
      await assertNothingIsLeft(id, version);
    }
    t.diagnostic(`${rounds} rounds of 30: ${JSON.stringify(seen)}`);
  });

  async function assertNothingIsLeft(id: string, version: number): Promise<void> {
    const direct = openDirectly(suite, (services[0] as TestService).databaseUrl);
    const rows = await select<{ version: number; kind: string; image: unknown; changes: unknown }>(
      direct,
      'SELECT version, kind, image, changes FROM changes WHERE customer_id = ? ORDER BY version',
      id,
    );
    const customers = await select(direct, 'SELECT 1 FROM customers WHERE id = ?', id);
    await direct.close();
    assert.deepEqual(customers, []);
    assert.ok(rows.every(({ image, changes }) => image === null && changes === null));
    assert.deepEqual([rows.length, rows.at(-1)?.kind], [version, 'erased'], 'a change followed the erasure');
  }

  test('against list readers: no page fails, and none shows the customer afterwards', async () => {
    const made = await Promise.all(
      Array.from({ length: 20 }, (_, index) => call(index, 'POST', '/customers', { name: `Read ${index}` })),
    );
    let done = false;
    const readers = Array.from({ length: 8 }, async (_, index) => {
      for (let count = 0; !done || count === 0; count++) {
        const reply = await call(index, 'GET', '/customers?limit=100&includeDeleted=true&sort=name');
        assert.equal(reply.status, 200);
      }
    });
    const erased = await Promise.all(
      made.map(({ json }, index) => call(index, 'POST', `/customers/${json.id}/erase`)),
    );
    done = true;
    await Promise.all(readers);
    assert.ok(erased.every(({ status }) => status === 200));
    const ids = made.map(({ json }) => json.id).join(',');
    const left = await call<{ items: unknown[] }>(0, 'GET', `/customers?includeDeleted=true&id=${ids}`);
    assert.deepEqual(left.json.items, []);
  });
}

describe('an erasure blocked by a reader of the file [sqlite]', () => {
  test('is 503 with the reason, other writes succeed, and a repeat completes it', async (t) => {
    const shortly = { REQUEST_TIMEOUT_MS: '1500' };
    const service = await startTestService(t, { engine: 'sqlite', environment: shortly });
    const created = await service.call<Customer>('POST', '/customers', { body: { name: 'kanarienvogel' } });
    const path = `/customers/${created.json.id}`;
    const direct = openDirectly(t, service.databaseUrl);
    let release = () => {};
    let isReading = false;
    const reading = direct.read(async (session) => {
      await session.run('BEGIN', []);
      await session.run('SELECT count(*) FROM customers', []);
      isReading = true;
      await new Promise<void>((resolve) => {
        release = resolve;
      });
      await session.run('COMMIT', []);
    });
    while (!isReading) await delay(10);
    const refused = await service.call('POST', `${path}/erase`);
    assert.equal(refused.status, 503);
    assert.match(refused.problem.detail, /^The customer is erased\./);
    assert.equal(refused.headers.get('retry-after'), '1');
    assert.equal((await service.call('GET', path)).problem.code, 'customer_erased');
    const begin = performance.now();
    assert.equal((await service.call('POST', '/customers', { body: { name: 'Next' } })).status, 201);
    t.diagnostic(
      `a write while the write-ahead log cannot be truncated: ${Math.round(performance.now() - begin)} ms`,
    );
    release();
    await reading;
    const receipt = await service.call<ErasureReceipt>('POST', `${path}/erase`);
    assert.deepEqual([receipt.status, receipt.json.version], [200, 2]);
    const file = sqliteFile(service.databaseUrl);
    for (const each of [file, `${file}-wal`]) assert.ok(!readFileSync(each).includes('kanarienvogel'), each);
  });

  test('is completed after a restart, from the receipt alone', async (t) => {
    const service = await startTestService(t, { engine: 'sqlite' });
    const created = await service.call<Customer>('POST', '/customers', { body: { name: 'kanarienvogel' } });
    const path = `/customers/${created.json.id}`;
    const first = await service.call('POST', `${path}/erase`);
    await service.stop();
    const direct = openDirectly(t, service.databaseUrl);
    await direct.transaction((session) => session.run('UPDATE erasures SET complete = 0', []));
    await direct.close();
    const { databaseUrl } = service;
    const again = await startTestService(t, { engine: 'sqlite', databaseUrl, sweepIntervalMs: 20 });
    const reader = openDirectly(t, databaseUrl);
    const until = Date.now() + 20_000;
    const complete = async () =>
      (await select<{ complete: number }>(reader, 'SELECT complete FROM erasures'))[0]?.complete;
    while ((await complete()) !== 1) {
      assert.ok(Date.now() < until, 'the sweep has not completed it');
      await delay(20);
    }
    assert.equal((await again.call('POST', `${path}/erase`)).text, first.text);
  });
});
