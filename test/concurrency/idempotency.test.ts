/** Idempotency-Key on one service; see `idempotency-*.test.ts` for several instances and crashes. */

import assert from 'node:assert/strict';
import { before, beforeEach, test } from 'node:test';
import type { Customer } from '../../src/contract/types.ts';
import type { Engine } from '../../src/storage/engine/engine.ts';
import { openDirectly, select } from '../storage/direct-engine.ts';
import { suiteCleanup } from '../support/cleanup.ts';
import { describeEngines } from '../support/engines.ts';
import { type Reply, startTestService, type TestService } from '../support/service.ts';
import { byTier } from '../support/tier.ts';

const rounds = byTier({ quick: 3, full: 10, soak: 100 });
const atOnce = 50;
const dayMs = 24 * 60 * 60 * 1000;

describeEngines('Idempotency-Key', (engine) => {
  const cleanup = suiteCleanup();
  let service: TestService;
  let direct: Engine;
  let now = Date.parse('2026-03-14T09:00:00.000Z');
  let key = '';
  let keys = 0;

  before(async () => {
    service = await startTestService(cleanup, { engine, clock: () => now });
    direct = openDirectly(cleanup, service.databaseUrl);
  });
  beforeEach(() => {
    keys += 1;
    key = `key-${keys}`;
  });

  const create = (body: unknown, idempotencyKey = key, query = '') =>
    service.call<Customer>('POST', `/customers${query}`, {
      body,
      headers: { 'Idempotency-Key': idempotencyKey },
    });
  const restore = (id: string, headers: Record<string, string> = {}) =>
    service.call<Customer>('POST', `/customers/${id}/restore`, {
      headers: { 'Idempotency-Key': key, ...headers },
    });
  const remove = (id: string) => service.call('DELETE', `/customers/${id}`);
  const countOf = async (table: string) =>
    Number((await select<{ count: number }>(direct, `SELECT count(*) AS count FROM ${table}`))[0]?.count);

  test(`201 for each of ${atOnce} concurrent requests with one key, and one customer`, async (t) => {
    for (let round = 0; round < rounds; round++) {
      const [customers, changes] = [await countOf('customers'), await countOf('changes')];
      const body = { name: `Round ${round}`, email: `round-${round}@example.com` };
      const replies = await many(() => create(body, `${key}-${round}`));
      assertReplays(replies, 201);
      assert.equal(await countOf('customers'), customers + 1);
      assert.equal(await countOf('changes'), changes + 1);
    }
    t.diagnostic(
      `${rounds} rounds of ${atOnce}: ${rounds} customers, ${rounds * (atOnce - 1)} identical replays`,
    );
  });

  test(`409 for each of ${atOnce} concurrent requests whose email is in use, and the key stays unused`, async () => {
    const email = 'taken@example.com';
    const holder = await create({ name: 'Holder', email }, `${key}-holder`);
    const replies = await many(() => create({ name: 'Late', email }));
    for (const { status, problem } of replies) assert.deepEqual([status, problem.code], [409, 'email_taken']);
    await remove(holder.json.id);
    const again = await create({ name: 'Late', email });
    assert.equal(again.status, 201);
    assert.equal(again.headers.get('idempotency-replayed'), null);
  });

  test('422 for all but one of two concurrent payloads with one key', async () => {
    const replies = await many((index) => create({ name: index % 2 ? 'Odd' : 'Even' }));
    const stored = replies.filter(({ status }) => status === 201);
    assertReplays(stored, 201);
    assert.equal(stored.length, atOnce / 2);
    const refused = replies.filter(({ status }) => status !== 201);
    for (const { problem } of refused) assert.equal(problem.code, 'idempotency_key_reused');
  });

  test('422 for a body with other bytes, and for another query', async () => {
    const body = '{"name":"Ada","note":null}';
    const first = await create(body);
    assert.equal(first.status, 201);
    for (const other of ['{"name":"Eve"}', '{"name":"Ada"}', '{"name":"Ada", "note":null}', `${body}\n`]) {
      const { status, problem } = await create(other);
      assert.deepEqual([status, problem.code], [422, 'idempotency_key_reused'], other);
    }
    const queried = await create(body, key, '?validateOnly=false');
    assert.deepEqual([queried.status, queried.problem.code], [422, 'idempotency_key_reused']);
    assertReplays([first, await create(body)], 201);
  });

  test('422 for another conditional header', async () => {
    const { id } = (await create({ name: 'Ada' })).json;
    await remove(id);
    const first = await restore(id, { 'If-Match': '"2"' });
    assert.equal(first.status, 200);
    for (const headers of [
      {},
      { 'If-Match': '"3"' },
      { 'If-Match': '*' },
      { 'If-Match': 'W/"2"' },
    ] as const) {
      const { status, problem } = await restore(id, headers);
      assert.deepEqual([status, problem.code], [422, 'idempotency_key_reused'], JSON.stringify(headers));
    }
    assertReplays([first, await restore(id, { 'If-Match': '"2"' })], 200);
  });

  test('422 for another customer of the same operation', async () => {
    const one = (await create({ name: 'One' }, `${key}-one`)).json.id;
    const two = (await create({ name: 'Two' }, `${key}-two`)).json.id;
    assert.equal((await restore(one)).status, 200);
    const { status, problem } = await restore(two);
    assert.deepEqual([status, problem.code], [422, 'idempotency_key_reused']);
  });

  test('another operation has its own keys', async () => {
    const created = await create({ name: 'Ada' });
    await remove(created.json.id);
    const restored = await restore(created.json.id);
    assert.equal(restored.status, 200);
    assert.equal(restored.headers.get('idempotency-replayed'), null);
    assertReplays([created, await create({ name: 'Ada' })], 201);
    assertReplays([restored, await restore(created.json.id)], 200);
  });

  test('keys are case-sensitive, and all of their 255 characters count', async () => {
    const long = 'k'.repeat(254);
    const ids = new Set<string>();
    for (const other of ['case', 'CASE', `${long}a`, `${long}b`, '!"#$%&~', '\\u0000'])
      ids.add((await create({ name: 'Ada' }, `${other}`)).json.id);
    assert.equal(ids.size, 6);
  });

  test('only successes are kept: a refused request can be corrected under the same key', async () => {
    assert.equal((await create({ name: '' })).status, 422);
    assert.equal((await create('{')).status, 400);
    const { id } = (await create({ name: 'Ada' })).json;
    assert.equal((await restore(id, { 'If-Match': '"7"' })).status, 412);
    assert.equal((await restore(id)).status, 200);
  });

  test('validateOnly uses no key', async () => {
    const tried = await create({ name: 'Tried' }, key, '?validateOnly=true');
    assert.equal(tried.status, 200);
    const stored = await create({ name: 'Stored' });
    assert.deepEqual([stored.status, stored.headers.get('idempotency-replayed')], [201, null]);
    const triedAgain = await create({ name: 'Tried again' }, key, '?validateOnly=true');
    assert.deepEqual([triedAgain.status, triedAgain.headers.get('idempotency-replayed')], [200, null]);
    assert.equal(triedAgain.json.name, 'Tried again');
  });

  test('201 replays the first response after the customer changed and after it was deleted', async () => {
    const first = await create({ name: 'Ada', metadata: { b: '2', a: '1' } });
    const { id } = first.json;
    await service.call('PATCH', `/customers/${id}`, { body: { name: 'Eve' } });
    assertReplays([first, await create({ name: 'Ada', metadata: { b: '2', a: '1' } })], 201);
    await remove(id);
    assertReplays([first, await create({ name: 'Ada', metadata: { b: '2', a: '1' } })], 201);
    assert.equal((await service.call('GET', `/customers/${id}`)).status, 410);
  });

  test('200 replays a restoration, and a customer deleted since stays deleted', async () => {
    const { id } = (await create({ name: 'Ada' })).json;
    await remove(id);
    const replies = await many(() => restore(id));
    assertReplays(replies, 200);
    assert.equal(replies[0]?.json.version, 3);
    await remove(id);
    const [first] = replies.filter(({ headers }) => !headers.has('idempotency-replayed'));
    assertReplays([first as Reply<Customer>, await restore(id)], 200);
    assert.equal((await service.call('GET', `/customers/${id}`)).status, 410);
  });

  test('200 replays the restoration of a live customer, headers included', async () => {
    const { id } = (await create({ name: 'Ada' })).json;
    await create({ name: 'Another', note: 'so that the feed has advanced' }, `${key}-other`);
    const first = await restore(id);
    assert.equal(first.json.version, 1);
    await create({ name: 'And another' }, `${key}-another`);
    assertReplays([first, await restore(id)], 200);
  });

  test('is kept for 24 hours and no longer', async () => {
    const first = await create({ name: 'Ada' });
    now += dayMs - 1;
    assertReplays([first, await create({ name: 'Ada' })], 201);
    now += 2;
    const later = await create({ name: 'Ada' });
    assert.deepEqual([later.status, later.headers.get('idempotency-replayed')], [201, null]);
    assert.notEqual(later.json.id, first.json.id);
    now += dayMs - 2;
    assertReplays([later, await create({ name: 'Ada' })], 201);
    now += dayMs;
    const other = await create({ name: 'Eve' });
    assert.deepEqual([other.status, other.headers.get('idempotency-replayed')], [201, null]);
  });

  test(`201 for each of ${atOnce} concurrent requests with an expired key, and one customer`, async () => {
    const first = await create({ name: 'Ada' });
    now += dayMs + 1;
    const replies = await many(() => create({ name: 'Ada' }));
    assertReplays(replies, 201);
    assert.notEqual(replies[0]?.json.id, first.json.id);
  });

  test('replaying a key after a restart returns the first answer', async () => {
    const first = await create({ name: 'Ada', email: 'ada@restart.example' });
    await service.stop();
    service = await startTestService(cleanup, { engine, databaseUrl: service.databaseUrl, clock: () => now });
    assertReplays([first, await create({ name: 'Ada', email: 'ada@restart.example' })], 201);
    const { status, problem } = await create({ name: 'Eve' });
    assert.deepEqual([status, problem.code], [422, 'idempotency_key_reused']);
  });

  test('neither personal data nor the key is stored outside the customer', async (t) => {
    const canary = 'canary-7f3a';
    const body = { name: canary, email: `${canary}@example.com`, note: canary, metadata: { canary } };
    await create(body, `key-${canary}`);
    const rows = await select<Record<string, unknown>>(direct, 'SELECT * FROM idempotency_keys');
    assert.ok(!JSON.stringify(rows).includes(canary));
    const members = ['key_hash', 'fingerprint', 'customer_id', 'version', 'created', 'expires_at'];
    for (const row of rows) {
      assert.deepEqual(Object.keys(row), members);
      for (const hash of [row.key_hash, row.fingerprint]) assert.match(String(hash), /^[A-Za-z0-9_-]{43}$/);
    }
    t.diagnostic(`${rows.length} rows checked`);
  });
});

function many<Result>(work: (index: number) => Promise<Result>): Promise<Result[]> {
  return Promise.all(Array.from({ length: atOnce }, (_, index) => work(index)));
}

/** All but one are marked as replays, and are otherwise the same. */
function assertReplays(replies: readonly Reply<Customer>[], status: number): void {
  const parts = replies.map(({ status, text, headers }) => ({
    status,
    text,
    etag: headers.get('etag'),
    location: headers.get('location'),
    position: headers.get('feed-position'),
  }));
  for (const part of parts) assert.deepEqual(part, parts[0]);
  assert.equal(parts[0]?.status, status);
  const repeats = replies.filter(({ headers }) => headers.get('idempotency-replayed') === 'true');
  assert.equal(repeats.length, replies.length - 1);
}
