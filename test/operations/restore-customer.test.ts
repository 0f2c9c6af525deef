import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { Customer } from '../../src/contract/types.ts';
import { suiteCleanup } from '../support/cleanup.ts';
import { describeEngines } from '../support/engines.ts';
import { startTestService, type TestService } from '../support/service.ts';

const unusedId = '0198c5a2-7c1e-7b3a-9d42-5e1f0a6b8c37';
const created = '2026-03-14T09:26:53.589Z';
const deleted = '2026-05-02T16:40:00.000Z';
const restored = '2026-05-03T08:00:00.001Z';

describeEngines('restoreCustomer', (engine) => {
  const cleanup = suiteCleanup();
  let service: TestService;
  let now = 0;
  before(async () => {
    service = await startTestService(cleanup, { engine, clock: () => now });
  });

  const restore = (id: string, headers: Record<string, string> = {}) =>
    service.call<Customer>('POST', `/customers/${id}/restore`, { headers });
  const get = (id: string) => service.call<Customer>('GET', `/customers/${id}`);
  const remove = (id: string) => service.call('DELETE', `/customers/${id}`);
  async function create(body: object = {}) {
    now = Date.parse(created);
    const made = await service.call<Customer>('POST', '/customers', { body: { name: 'Back', ...body } });
    assert.equal(made.status, 201);
    return made.json;
  }
  /** Creates and deletes a customer; the deletion is version 2. */
  async function createDeleted(body: object = {}) {
    const customer = await create(body);
    now = Date.parse(deleted);
    const { headers } = await remove(customer.id);
    now = Date.parse(restored);
    return { id: customer.id, customer, position: Number(headers.get('feed-position')) };
  }

  test('200 with all its members, as the next version', async () => {
    const { id, customer, position } = await createDeleted({
      email: 'back@example.com',
      externalId: 'back',
      address: { city: 'Graz' },
      tags: ['z', 'a'],
      metadata: { b: '2', a: '1' },
    });
    const { status, headers, json, text } = await restore(id);
    assert.equal(status, 200);
    assert.deepEqual(json, { ...customer, version: 3, etag: '"3"', updatedAt: restored });
    assert.equal(headers.get('etag'), '"3"');
    assert.equal(Number(headers.get('feed-position')), position + 1);
    assert.equal(headers.get('location'), null);
    assert.equal((await get(id)).text, text);
    for (const query of ['tag=z', 'email=back@example.com', 'externalId=back']) {
      const list = await service.call<{ items: Customer[] }>('GET', `/customers?${query}`);
      assert.deepEqual(list.json.items, [json], query);
    }
  });

  test('200 for a live customer, unchanged and without a new position', async () => {
    const customer = await create();
    now = Date.parse(restored);
    const { status, headers, json } = await restore(customer.id);
    assert.equal(status, 200);
    assert.deepEqual(json, customer);
    assert.equal(headers.get('etag'), '"1"');
    const next = await service.call('POST', '/customers', { body: { name: 'Next' } });
    assert.equal(
      Number(next.headers.get('feed-position')),
      Number(headers.get('feed-position')) + 1,
      'an unchanged customer used a position',
    );
  });

  test('200 for repeated deletion and restoration, one version each', async () => {
    const { id } = await create();
    for (let round = 1; round <= 3; round++) {
      await remove(id);
      assert.equal((await restore(id)).json.version, 2 * round + 1);
    }
  });

  test('200 when If-Match names the deletion, 412 when it names another version', async () => {
    const { id } = await createDeleted();
    for (const tag of ['"1"', '"3"', 'W/"2"']) {
      const { status, problem } = await restore(id, { 'If-Match': tag });
      assert.deepEqual([status, problem.code], [412, 'precondition_failed'], tag);
    }
    assert.equal((await get(id)).status, 410);
    assert.equal((await restore(id, { 'If-Match': '"2"' })).status, 200);
    const live = await restore(id, { 'If-Match': '"2"' });
    assert.equal(live.status, 412, 'it is now at version 3');
  });

  test('200 with Idempotency-Key, and the same answer for a repeat', async () => {
    const { id } = await createDeleted();
    const key = { 'Idempotency-Key': `restore-${id}` };
    const first = await restore(id, key);
    await service.call('PATCH', `/customers/${id}`, { body: { note: 'Changed since' } });
    const second = await restore(id, key);
    assert.deepEqual([first.status, second.status], [200, 200]);
    assert.equal(second.text, first.text);
    assert.equal(first.headers.get('idempotency-replayed'), null);
    assert.equal(second.headers.get('idempotency-replayed'), 'true');
    for (const name of ['etag', 'feed-position']) {
      assert.equal(second.headers.get(name), first.headers.get(name));
    }
    const other = await restore((await createDeleted()).id, key);
    assert.deepEqual([other.status, other.problem.code], [422, 'idempotency_key_reused']);
  });

  test('404 when the customer never existed', async () => {
    const { status, problem } = await restore(unusedId);
    assert.deepEqual([status, problem.code], [404, 'customer_not_found']);
  });

  test('409 while another customer has its unique key, until that one releases it', async () => {
    const keys = { email: 'Taken@example.com', externalId: 'taken' };
    const { id, customer } = await createDeleted(keys);
    const cases = [
      { takes: { email: 'taken@EXAMPLE.com' }, code: 'email_taken', pointers: ['#/email'] },
      { takes: { externalId: 'taken' }, code: 'external_id_taken', pointers: ['#/externalId'] },
      { takes: keys, code: 'email_taken', pointers: ['#/email', '#/externalId'] },
    ];
    for (const { takes, code, pointers } of cases) {
      const taker = await create(takes);
      const { status, problem, text } = await restore(id);
      assert.deepEqual([status, problem.code], [409, code]);
      assert.deepEqual(problem.errors?.map(({ pointer }) => pointer).sort(), pointers);
      assert.ok(!text.includes(taker.id));
      assert.equal((await get(id)).status, 410);
      await remove(taker.id);
    }
    now = Date.parse(restored);
    const { status, json } = await restore(id);
    assert.equal(status, 200);
    assert.deepEqual(json, { ...customer, version: 3, etag: '"3"', updatedAt: restored });
  });

  test('of many deleted customers with one key restored at once, one succeeds and the others return 409', async () => {
    const rivals: string[] = [];
    for (let index = 0; index < 5; index++) {
      rivals.push((await createDeleted({ email: 'rival@example.com' })).id);
    }
    const answers = await Promise.all(rivals.map((id) => restore(id)));
    assert.equal(answers.filter(({ status }) => status === 200).length, 1);
    assert.equal(answers.filter(({ status }) => status === 409).length, 4);
  });

  test('412 takes precedence over 409', async () => {
    const { id } = await createDeleted({ externalId: 'first-412' });
    await create({ externalId: 'first-412' });
    assert.equal((await restore(id, { 'If-Match': '"1"' })).status, 412);
    assert.equal((await restore(id, { 'If-Match': '"2"' })).status, 409);
  });

  test('422 for an invalid id, parameter or Idempotency-Key', async () => {
    const { id } = await createDeleted();
    const cases = [
      { path: `${id.toUpperCase()}/restore`, place: 'customerId' },
      { path: `1/restore`, place: 'customerId' },
      { path: `${id}/restore?validateOnly=true`, place: 'validateOnly' },
      { path: `${id}/restore?x=1`, place: 'x' },
      { path: `${id}/restore`, key: 'a b', place: 'Idempotency-Key' },
      { path: `${id}/restore`, key: '', place: 'Idempotency-Key' },
    ];
    for (const { path, key, place } of cases) {
      const headers: Record<string, string> = key === undefined ? {} : { 'Idempotency-Key': key };
      const { status, problem } = await service.call('POST', `/customers/${path}`, { headers });
      assert.deepEqual([status, problem.code], [422, 'invalid_request'], path);
      assert.ok(problem.errors?.every(({ parameter }) => parameter === place));
    }
    assert.equal((await get(id)).status, 410);
  });

  test('200 with any request body, which is ignored', async () => {
    for (const type of ['application/json', 'text/plain', 'application/json; charset=utf-16']) {
      const { id } = await createDeleted();
      const options = { body: '{"name":', headers: { 'Content-Type': type } };
      const { status } = await service.call('POST', `/customers/${id}/restore`, options);
      assert.equal(status, 200, type);
    }
  });
});
