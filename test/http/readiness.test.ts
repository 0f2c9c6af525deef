/**
 * Readiness reflects whether the service can work; liveness depends on nothing.
 *
 * Planted, and each failed: the file not checked (a write was acknowledged into a deleted file); readiness
 * checked on a read-only connection (a read-only server was ready); every probe queried the database;
 * liveness queried it too.
 */
import assert from 'node:assert/strict';
import { rename, rm } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import type { Customer } from '../../src/contract/types.ts';
import type { FailedCheck } from '../../src/domain/customer-store.ts';
import { createReadiness } from '../../src/http/routes/readiness.ts';
import { createLifecycle } from '../../src/runtime/lifecycle.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { execute, openDirectly, sqliteFile } from '../storage/direct-engine.ts';
import { afterwards } from '../support/cleanup.ts';
import { describeEngines, freshDatabaseUrl } from '../support/engines.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';

const changeMaxMs = 20_000;

/** Probes until readiness has this status, as a load balancer does. */
async function becomes(service: TestService, status: number): Promise<string> {
  const startedAt = performance.now();
  for (;;) {
    const reply = await service.call('GET', '/readyz');
    if (reply.status === status) return status === 200 ? reply.text : reply.problem.detail;
    if (performance.now() - startedAt > changeMaxMs)
      throw new Error(`the status is ${reply.status}: ${reply.text}`);
    await pause(100);
  }
}

async function assertLives(service: TestService): Promise<void> {
  assert.equal((await service.call('GET', '/livez', { timeoutMs: 5000 })).status, 200);
}

describeEngines('readiness', (engine) => {
  test('lists what is ready, one line each', async (context) => {
    const service = await startTestService(context, { engine });
    const text = await becomes(service, 200);
    assert.equal(text, 'ready\nservice: ok\ndatabase: ok\nfile: ok\nschema: ok\nwrites: ok\n');
  });

  test('503 while a migration is missing', async (context) => {
    const service = await startTestService(context, { engine });
    const direct = openDirectly(context, service.databaseUrl);
    const steps = 'CREATE TABLE kept AS SELECT * FROM schema_migrations';
    await execute(direct, steps, "DELETE FROM schema_migrations WHERE name LIKE '003%'");
    assert.match(await becomes(service, 503), /^The service is not ready\. schema: It lacks 003-search\.$/);
    await execute(direct, "INSERT INTO schema_migrations SELECT * FROM kept WHERE name LIKE '003%'");
    await becomes(service, 200);
  });

  test('503 while the database does not respond, and /livez is 200 throughout', async (context) => {
    const direct = await freshDatabaseUrl(context, engine);
    const first = await startTestService(context, { engine });
    await first.stop();
    const environment = { REQUEST_TIMEOUT_MS: '1000' };
    let [trouble, repair] = [async () => {}, () => {}];
    let databaseUrl = engine === 'postgres' ? first.databaseUrl : direct;
    if (engine === 'postgres') {
      const proxy = await startTcpProxy(context, databaseUrl);
      databaseUrl = proxy.through(databaseUrl);
      trouble = async () => proxy.set('black hole');
      repair = () => proxy.set('none');
    } else {
      const other = openDirectly(context, databaseUrl);
      const released = new Promise<void>((resolve) => {
        repair = resolve;
      });
      afterwards(context, () => repair());
      trouble = () =>
        new Promise((held) => {
          void other.transaction(() => {
            held();
            return released;
          });
        });
    }
    const service = await startTestService(context, { engine, databaseUrl, environment });
    await trouble();
    const reading = becomes(service, 503);
    for (let count = 0; count < 10; count++) {
      await assertLives(service);
      await pause(50);
    }
    assert.match(await reading, /^The service is not ready\. database: /);
    await assertLives(service);
    repair();
    await becomes(service, 200);
  });
});

describe('readiness on PostgreSQL', () => {
  test('503 on a read-only server', async (context) => {
    const service = await startTestService(context, { engine: 'postgres' });
    await becomes(service, 200);
    const name = new URL(service.databaseUrl).pathname.slice(1);
    const client = new pg.Client({ connectionString: new URL('/postgres', service.databaseUrl).href });
    await client.connect();
    afterwards(context, () => client.end());
    const turn = async (setting: 'on' | 'off') => {
      await client.query(`ALTER DATABASE ${name} SET default_transaction_read_only = ${setting}`);
      await client.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [name]);
    };
    await turn('on');
    const startedAt = performance.now();
    let detail = '';
    // The first reason is that its connections were terminated.
    while (!detail.includes('25006') && performance.now() - startedAt < changeMaxMs) {
      detail = await becomes(service, 503);
      await pause(100);
    }
    assert.equal(detail, 'The service is not ready. database: It takes no write transaction now (25006).');
    await turn('off');
    await becomes(service, 200);
  });
});

describe('readiness on a SQLite file', () => {
  for (const fate of ['deleted', 'replaced', 'moved and brought back'] as const) {
    test(`503 once the file was ${fate}; the old file is no longer used`, async (context) => {
      const service = await startTestService(context, { engine: 'sqlite' });
      const create = (name: string) => service.call<Customer>('POST', '/customers', { body: { name } });
      const { json } = await create('Before');
      const file = sqliteFile(service.databaseUrl);
      if (fate === 'deleted') await rm(file);
      else await rename(file, `${file}.elsewhere`);
      if (fate === 'replaced') {
        const url = await freshDatabaseUrl(context, 'sqlite');
        await (await startTestService(context, { engine: 'sqlite', databaseUrl: url })).stop();
        await rename(sqliteFile(url), file);
      }
      for (let count = 0; count < 3; count++) {
        const { status, problem } = await create('After');
        assert.deepEqual([status, problem.code], [503, 'unavailable']);
      }
      assert.match(await becomes(service, 503), /^The service is not ready\. file: It was moved/);
      // Reads might return old data, because the write-ahead log can no longer be found.
      assert.equal((await service.call('GET', `/customers/${json.id}`)).status, 503);
      await assertLives(service);
      if (fate !== 'moved and brought back') return;
      await rename(`${file}.elsewhere`, file);
      await becomes(service, 200);
      assert.equal((await create('After')).status, 201);
    });
  }
});

/** The probes' own rules, with a database that responds when the test says so. */
describe('probes', () => {
  test('a thousand probes query the database a few times, and none waits for an unresponsive one', async (context) => {
    let asked = 0;
    let answer: (faults: readonly FailedCheck[]) => void = () => {};
    const checkReady = () => {
      asked++;
      return new Promise<readonly FailedCheck[]>((resolve) => {
        answer = resolve;
      });
    };
    const log = await createLog('silent');
    const check = createReadiness({ customers: { checkReady }, lifecycle: createLifecycle(), log });
    const together = Array.from({ length: 1000 }, () => check());
    answer([]);
    for (const text of await Promise.all(together)) assert.match(text, /^ready\n/);
    assert.equal(asked, 1);
    await pause(300);
    // Busy is not broken: the last result still holds.
    assert.match(await check(), /^ready\n/);
    assert.equal(asked, 2);
    answer([{ check: 'database', detail: 'It is gone.' }]);
    await pause(0);
    await assert.rejects(check(), /database: It is gone\./);
    context.diagnostic(`1,002 probes queried the database ${asked} times`);
  });

  test('a database that has never responded is not ready', async () => {
    const checkReady = () => new Promise<never>(() => {});
    const log = await createLog('silent');
    const check = createReadiness({ customers: { checkReady }, lifecycle: createLifecycle(), log });
    await assert.rejects(check(), /database: It does not answer\./);
  });
});
