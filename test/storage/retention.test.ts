import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createCommand, updateCommand } from '../../src/domain/commands.ts';
import type { IdempotentRequest } from '../../src/domain/context.ts';
import type { Failure } from '../../src/domain/failures.ts';
import type { Cleanup } from '../support/cleanup.ts';
import { describeEngines, type EngineName } from '../support/engines.ts';
import { startTestService } from '../support/service.ts';
import { openDirectly, select } from './direct-engine.ts';
import { type OpenStore, openStore, plainContext } from './open-store.ts';

const dayMs = 24 * 60 * 60 * 1000;
const start = Date.parse('2026-03-14T09:00:00.000Z');

describeEngines('retention', (engine) => {
  test('keeps everything forever by default, except Idempotency-Keys after a day', async (t) => {
    const { store, clock, create } = await open(t, engine, {});
    const { id } = await create(1);
    await create(2, keyed('first'));
    await remove(store, id);
    clock.now += dayMs - 1;
    assert.deepEqual(await store.sweep(), { idempotencyKeys: 0, changes: 0, customers: 0 });
    clock.now += 1;
    await create(3, keyed('second'));
    clock.now += 20 * 365 * dayMs - dayMs;
    await create(4, keyed('third'));
    assert.deepEqual(await store.sweep(), { idempotencyKeys: 2, changes: 0, customers: 0 });
    assert.deepEqual(await store.sweep(), { idempotencyKeys: 0, changes: 0, customers: 0 });
    assert.equal((await positions(store)).length, 5);
    assert.equal(await horizon(store), 0);
  });

  test('removes changes past their age, always a prefix of the feed, and raises its horizon', async (t) => {
    const { store, clock, create } = await open(t, engine, { changesDays: 30, deletedDays: undefined });
    const { id } = await create(1);
    await Promise.all(Array.from({ length: 700 }, (_, index) => create(index)));
    clock.now += 10 * dayMs;
    await create(2);
    // The clock was set back: later changes of the feed must not be removed before this one.
    clock.now -= 10 * dayMs;
    await create(3);
    clock.now += 30 * dayMs;
    assert.equal((await store.sweep()).changes, 0, 'exactly at the maximum age');
    clock.now += 1;
    assert.deepEqual(await store.sweep(), { idempotencyKeys: 0, changes: 701, customers: 0 });
    assert.deepEqual(await positions(store), [702, 703]);
    assert.equal(await horizon(store), 701);
    const outcome = await store.customers.write(updateCommand(id, {}, {}), plainContext());
    assert.deepEqual([outcome.etag, outcome.feedPosition], ['"1"', '701'], 'one whose changes are gone');
    clock.now += 10 * dayMs;
    assert.equal((await store.sweep()).changes, 2);
    assert.equal(await horizon(store), 703);
    assert.equal((await create(4)).feedPosition, '704');
  });

  test('a keyed request whose change is gone is answered from the customer, or reported as expired', async (t) => {
    const { store, clock, create } = await open(t, engine, { changesDays: 2, deletedDays: undefined });
    const { id, body } = await create(1);
    clock.now += 3 * dayMs;
    const touch = () => store.customers.write(updateCommand(id, {}, {}), plainContext(keyed('touch')));
    const { unchanged, ...first } = await touch();
    assert.equal(unchanged, true);
    assert.equal((await store.sweep()).changes, 1);
    assert.deepEqual(await touch(), { ...first, feedPosition: '1', replayed: true });
    assert.equal(first.body, body);
    await store.customers.write(updateCommand(id, { note: 'since' }, {}), plainContext());
    await assert.rejects(touch(), (error) => (error as Failure).code === 'answer_expired');
  });

  test('erases customers that were deleted long ago, with retention as the reason, and no others', async (t) => {
    const { store, clock, create } = await open(t, engine, { changesDays: undefined, deletedDays: 90 });
    const [live, old, recent, back] = [await create(1), await create(2), await create(3), await create(4)];
    for (const { id } of [old, back]) await remove(store, id);
    clock.now += 50 * dayMs;
    await store.customers.write({ kind: 'restore', id: back.id, precondition: {} }, plainContext());
    await remove(store, recent.id);
    clock.now += 40 * dayMs + 1;
    assert.deepEqual(await store.sweep(), { idempotencyKeys: 0, changes: 0, customers: 1 });
    await assert.rejects(
      store.customers.get(old.id),
      (error) => (error as Failure).code === 'customer_erased',
    );
    await assert.rejects(
      store.customers.get(recent.id),
      (error) => (error as Failure).code === 'customer_deleted',
    );
    for (const { id } of [live, back]) await store.customers.get(id);
    const [entry] = await select<object>(
      store.engine,
      "SELECT kind, source, actor FROM changes WHERE customer_id = ? AND kind = 'erased'",
      old.id,
    );
    assert.deepEqual({ ...entry }, { kind: 'erased', source: 'retention', actor: 'retention' });
  });

  test('does not delay concurrent requests', async (t) => {
    const { store, clock, create } = await open(t, engine, { changesDays: 30, deletedDays: undefined });
    const context = { ...plainContext(), deadlineMs: Date.now() + 120_000 };
    for (let index = 0; index < 20; index++) {
      await Promise.all(
        Array.from({ length: 250 }, () => store.customers.write(createCommand({ name: 'Old' }), context)),
      );
    }
    clock.now += 31 * dayMs;
    const waits: number[] = [];
    let done = false;
    const sweep = store.sweep().finally(() => {
      done = true;
    });
    while (!done) {
      const begin = performance.now();
      await create(0);
      waits.push(performance.now() - begin);
    }
    assert.equal((await sweep).changes, 5000);
    waits.sort((one, other) => one - other);
    assert.ok(waits.length >= 10, `${waits.length} writes ran between the batches`);
    t.diagnostic(
      `5,000 changes removed; ${waits.length} writes meanwhile, median ${waits[waits.length >> 1]?.toFixed(1)} ms, ` +
        `slowest ${waits.at(-1)?.toFixed(1)} ms`,
    );
  });

  test('is done by the running service, and stops with it', async (t) => {
    let now = start;
    const environment = { RETENTION_CHANGES_DAYS: '2', RETENTION_DELETED_DAYS: '1' };
    const service = await startTestService(t, { engine, environment, clock: () => now, sweepIntervalMs: 20 });
    const { json } = await service.call<{ id: string }>('POST', '/customers', { body: { name: 'Old' } });
    await service.call('DELETE', `/customers/${json.id}`);
    now += 3 * dayMs;
    const until = Date.now() + 20_000;
    const direct = openDirectly(t, service.databaseUrl);
    const kinds = async () =>
      (await select<{ kind: string }>(direct, 'SELECT kind FROM changes')).map(({ kind }) => kind).join();
    // The erasure itself is a change; the others are removed by the same sweep or the next.
    while ((await kinds()) !== 'erased') assert.ok(Date.now() < until, 'not everything was removed');
    const { problem } = await service.call('GET', `/customers/${json.id}`);
    assert.equal(problem.code, 'customer_erased');
    await service.stop();
  });
});

describe('retention on several instances [postgres]', () => {
  test('running at the same time removes everything once', async (t) => {
    const clock = { now: start };
    const options = { clock: () => clock.now, retention: { changesDays: 2, deletedDays: 1 } };
    const first = await openStore(t, 'postgres', options);
    const second = await openStore(t, 'postgres', { ...options, databaseUrl: first.databaseUrl });
    const made = await Promise.all(
      Array.from({ length: 1200 }, (_, index) =>
        first.customers.write(
          createCommand({ name: 'Old' }),
          plainContext({ ...keyed(`key-${index}`), deadlineMs: Date.now() + 60_000 }),
        ),
      ),
    );
    for (const { id } of made.slice(0, 20)) await remove(first, id);
    clock.now += 3 * dayMs;
    const reports = await Promise.all([first.sweep(), second.sweep(), first.sweep(), second.sweep()]);
    const total = (part: keyof (typeof reports)[number]) =>
      reports.reduce((sum, report) => sum + report[part], 0);
    assert.deepEqual([total('idempotencyKeys'), total('changes'), total('customers')], [1200, 1220, 20]);
    const [row] = await select<{ count: string }>(first.engine, 'SELECT count(*) AS count FROM erasures');
    assert.equal(Number(row?.count), 20);
    assert.equal(await horizon(first), 1220);
    assert.equal((await positions(first)).length, 20, 'the erasures themselves');
    t.diagnostic(JSON.stringify(reports));
  });
});

async function open(t: Cleanup, engine: EngineName, retention: object) {
  const clock = { now: start };
  const kept = { changesDays: undefined, deletedDays: undefined, ...retention };
  const store = await openStore(t, engine, { clock: () => clock.now, retention: kept });
  const create = (index: number, changes = {}) =>
    store.customers.write(createCommand({ name: `Customer ${index}` }), plainContext(changes));
  return { store, clock, create };
}

function keyed(key: string): { idempotency: IdempotentRequest } {
  return { idempotency: { key, scope: ['tester', 'someOperation'], fingerprint: ['POST', key] } };
}

function remove(store: OpenStore, id: string) {
  return store.customers.write({ kind: 'delete', id, precondition: {} }, plainContext());
}

async function positions(store: OpenStore): Promise<number[]> {
  const rows = await select<{ position: string }>(
    store.engine,
    'SELECT position FROM changes ORDER BY position',
  );
  return rows.map(({ position }) => Number(position));
}

async function horizon(store: OpenStore): Promise<number> {
  return Number(
    (await select<{ horizon: string }>(store.engine, 'SELECT horizon FROM feed_head'))[0]?.horizon,
  );
}
