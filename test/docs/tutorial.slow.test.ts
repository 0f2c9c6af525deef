/**
 * The consumer of docs/tutorial.md, taken from the page, against the real service: it is killed and restarted
 * while customers change, and its copy must equal the service's customers.
 *
 * Planted in the page, and each failed: no check of the version, the position not advanced, an erased
 * customer kept, a deleted one kept, 410 treated as a failure, the snapshot's position taken after its last
 * row.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ChangePage, Customer } from '../../src/contract/types.ts';
import { until } from '../support/credentials.ts';
import { describeEngines } from '../support/engines.ts';
import { temporaryFolder } from '../support/folder-contents.ts';
import { randomFrom } from '../support/random.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { Consumer } from './consumer.ts';

const dayMs = 86_400_000;
const patienceMs = 60_000;
const lives = 3;
const writers = 3;

describeEngines('tutorial', (engine) => {
  test('its copy equals the service’s customers, however often it is killed', async (context) => {
    const service = await startTestService(context, { engine });
    const consumer = new Consumer(context, await temporaryFolder(context), service.url);
    const random = randomFrom('tutorial');
    for (let index = 0; index < 30; index += 1)
      await write(service, random.integer(1, 20), random.integer(0, 9));
    let changes = 0;
    let isOver = false;
    const writing = Promise.all(
      Array.from({ length: writers }, async () => {
        while (!isOver) changes += await write(service, random.integer(1, 20), random.integer(0, 9));
      }),
    );
    context.after(() => {
      isOver = true;
    });
    consumer.start();
    await until(async () => consumer.printed.includes('following from'), patienceMs);
    for (let life = 0; life < lives; life += 1) {
      const before = BigInt(consumer.copy?.position ?? 0);
      await until(async () => BigInt(consumer.copy?.position ?? 0) > before + 5n, patienceMs);
      await consumer.kill();
      consumer.start();
    }
    await consumer.kill();
    isOver = true;
    await writing;
    await upsert(service, 1, 'to be erased');
    changes += 1 + (await write(service, 1, 8));
    consumer.start();
    await assertSame(service, consumer);
    const count = (text: string) => consumer.printed.split(text).length - 1;
    await until(async () => count('customer.erased') > 0, patienceMs);
    assert.equal(count('snapshot of'), 1, 'one snapshot serves all runs');
    context.diagnostic(
      `killed ${lives} times, ${changes} changes meanwhile, ${count('customer.erased')} erasures, ${Object.keys(consumer.copy?.customers ?? {}).length} customers equal`,
    );
  });

  test('the feed does not undo what the snapshot already contains', async (context) => {
    const service = await startTestService(context, { engine });
    const consumer = new Consumer(context, await temporaryFolder(context), service.url);
    for (const name of ['one', 'two', 'three']) await upsert(service, 1, name);
    // As if these three had been committed during the export.
    consumer.copy = { position: '0', customers: await customersOf(service) };
    consumer.start();
    await assertSame(service, consumer);
    await until(async () => consumer.printed.includes('\n3 '), patienceMs);
    assert.match(
      consumer.printed,
      /^1 customer\.created one, known already\n2 .*known already\n3 .*known already$/m,
    );
  });

  test("it starts over when the feed has been trimmed past its position or is another database's", async (context) => {
    const aged = { engine, environment: { RETENTION_CHANGES_DAYS: '2' } };
    const old = await startTestService(context, { ...aged, clock: () => Date.now() - 10 * dayMs });
    for (let number = 1; number <= 3; number += 1) await upsert(old, number, 'long ago');
    await old.stop();
    const service = await startTestService(context, {
      ...aged,
      databaseUrl: old.databaseUrl,
      sweepIntervalMs: 50,
    });
    await until(async () => (await service.call('GET', '/changes?after=1')).status === 410, patienceMs);
    for (const [position, said] of [
      ['1', '410 feed_position_gone'],
      ['999', '400 feed_position_ahead'],
    ] as const) {
      const consumer = new Consumer(context, await temporaryFolder(context), service.url);
      consumer.copy = { position, customers: {} };
      consumer.start();
      await assertSame(service, consumer);
      await until(async () => consumer.printed.includes('following from position 3'), patienceMs);
      assert.ok(
        consumer.printed.startsWith(`${said}: starting over\nsnapshot of 3 customers at position 3\n`),
        consumer.printed,
      );
    }
  });
});

/** A write of any kind to one of a few customers; returns how many changes it made. */
async function write(service: TestService, number: number, kind: number): Promise<number> {
  if (kind < 7) return await upsert(service, number, `name ${kind}`);
  const found = await service.call<Customer>('GET', `/external-ids/test:${number}/customer`);
  if (found.status !== 200) return 0;
  const path = `/customers/${found.json.id}`;
  const steps = kind === 8 ? [['POST', `${path}/erase`]] : [['DELETE', path]];
  if (kind === 9) steps.push(['POST', `${path}/restore`]);
  let changes = 0;
  for (const [method = '', target = ''] of steps) {
    const { status } = await service.call(method, target);
    changes += status < 300 ? 1 : 0;
  }
  return changes;
}

async function upsert(service: TestService, number: number, name: string): Promise<number> {
  const body = { name };
  const { status, text } = await service.call('PUT', `/external-ids/test:${number}/customer`, { body });
  assert.ok(status === 200 || status === 201, text);
  return 1;
}

/** Waits until the consumer reaches the end of the feed, and compares its copy with an export. */
async function assertSame(service: TestService, consumer: Consumer): Promise<void> {
  const { next } = (await service.call<ChangePage>('GET', '/changes?after=latest')).json;
  await until(async () => consumer.copy?.position === next, patienceMs);
  assert.deepEqual(consumer.copy?.customers, await customersOf(service));
}

async function customersOf(service: TestService): Promise<Record<string, Customer>> {
  const headers = { Accept: 'application/x-ndjson' };
  const { text } = await service.call('GET', '/customers/export', { headers });
  const customers = text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Customer);
  return Object.fromEntries(customers.map((customer) => [customer.id, customer]));
}
