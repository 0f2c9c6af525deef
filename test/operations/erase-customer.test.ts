import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { Customer, CustomerList, ErasureReceipt } from '../../src/contract/types.ts';
import { suiteCleanup } from '../support/cleanup.ts';
import { describeEngines } from '../support/engines.ts';
import { startTestService, type TestService } from '../support/service.ts';

const unusedId = '0198c5a2-7c1e-7b3a-9d42-5e1f0a6b8c37';
const created = '2026-03-14T09:26:53.589Z';
const erased = '2026-06-01T12:00:00.000Z';

describeEngines('eraseCustomer', (engine) => {
  const cleanup = suiteCleanup();
  let service: TestService;
  let strict: TestService;
  let now = 0;
  before(async () => {
    service = await startTestService(cleanup, { engine, clock: () => now });
    strict = await startTestService(cleanup, { engine, environment: { REQUIRE_IF_MATCH: 'true' } });
  });

  const erase = (id: string, headers: Record<string, string> = {}) =>
    service.call<ErasureReceipt>('POST', `/customers/${id}/erase`, { headers });
  const get = (id: string) => service.call<Customer>('GET', `/customers/${id}`);
  async function create(body: object = {}, headers: Record<string, string> = {}) {
    now = Date.parse(created);
    const made = await service.call<Customer>('POST', '/customers', {
      body: { name: 'Gone', ...body },
      headers,
    });
    assert.equal(made.status, 201);
    now = Date.parse(erased);
    return made.json;
  }
  const listed = async (query: Record<string, string | boolean>) =>
    (await service.call<CustomerList>('GET', '/customers', { query })).json.items;

  test('200 with a receipt of what was removed, for a live customer', async () => {
    const { id } = await create({ email: 'gone@example.com', tags: ['a', 'b'], metadata: { k: 'v' } });
    const patched = await service.call('PATCH', `/customers/${id}`, { body: { tags: ['c'] } });
    const { status, headers, json } = await erase(id);
    assert.equal(status, 200);
    const scrubbed = { fields: 6, versions: 2, tags: 1, idempotencyKeys: 0 };
    assert.deepEqual(json, { customerId: id, version: 3, erasedAt: erased, scrubbed });
    const position = Number(patched.headers.get('feed-position')) + 1;
    assert.equal(Number(headers.get('feed-position')), position);
    for (const name of ['etag', 'location', 'idempotency-replayed'])
      assert.equal(headers.get(name), null, name);
  });

  test('200 for a deleted customer and for one that has only a name', async () => {
    const { id } = await create();
    await service.call('DELETE', `/customers/${id}`);
    const { status, json } = await erase(id);
    assert.equal(status, 200);
    assert.deepEqual([json.version, json.scrubbed.fields, json.scrubbed.versions], [3, 3, 2]);
  });

  test('200 with the same receipt for every repeat, even with an outdated If-Match', async () => {
    const { id } = await create();
    const first = await erase(id, { 'If-Match': '"1"' });
    now += 60_000;
    for (const headers of [{}, { 'If-Match': '"1"' }, { 'If-Match': '"9"' }, { 'If-Match': '*' }]) {
      const again = await erase(id, headers as Record<string, string>);
      assert.deepEqual([again.status, again.text], [200, first.text]);
      assert.equal(again.headers.get('feed-position'), first.headers.get('feed-position'));
    }
    const next = await service.call('POST', '/customers', { body: { name: 'Next' } });
    const position = Number(first.headers.get('feed-position')) + 1;
    assert.equal(Number(next.headers.get('feed-position')), position, 'a repeat used a position');
  });

  test('200 with Idempotency-Key; a repeat is marked as replayed', async () => {
    const { id } = await create({}, { 'Idempotency-Key': 'made-to-be-erased' });
    const key = { 'Idempotency-Key': `erase-${id}` };
    const first = await erase(id, key);
    const again = await erase(id, key);
    assert.deepEqual([first.status, again.status, again.text], [200, 200, first.text]);
    assert.equal(first.json.scrubbed.idempotencyKeys, 1, 'the position of the creation');
    assert.equal(first.headers.get('idempotency-replayed'), null);
    assert.equal(again.headers.get('idempotency-replayed'), 'true');
    const other = await erase((await create()).id, key);
    assert.deepEqual([other.status, other.problem.code], [422, 'idempotency_key_reused']);
  });

  test('410 customer_erased afterwards for every operation; the id cannot be reused', async () => {
    const { id } = await create();
    await erase(id);
    const path = `/customers/${id}`;
    const body = { name: 'Too late' };
    const answers = [
      await get(id),
      await service.call('PUT', path, { body }),
      await service.call('PUT', path, { body, headers: { 'If-None-Match': '*' } }),
      await service.call('PUT', path, { body, query: { validateOnly: true } }),
      await service.call('PATCH', path, { body }),
      await service.call('DELETE', path),
      await service.call('POST', `${path}/restore`),
      await service.call('POST', `${path}/restore`, { headers: { 'If-Match': '"2"' } }),
    ];
    for (const { status, problem } of answers) {
      assert.deepEqual([status, problem.code], [410, 'customer_erased']);
    }
  });

  test('410 when a keyed request is repeated after its customer was erased', async () => {
    const key = { 'Idempotency-Key': 'erased-since' };
    const body = { name: 'Keyed' };
    const { json } = await service.call<Customer>('POST', '/customers', { body, headers: key });
    const path = '/external-ids/erased-since/customer';
    await service.call('PATCH', `/customers/${json.id}`, { body: { externalId: 'erased-since' } });
    const upserted = await service.call('PUT', path, { body, headers: key });
    assert.equal(upserted.status, 200);
    await service.call('DELETE', `/customers/${json.id}`);
    const restored = await service.call('POST', `/customers/${json.id}/restore`, { headers: key });
    assert.equal(restored.status, 200);
    const { json: receipt } = await erase(json.id);
    assert.equal(receipt.scrubbed.idempotencyKeys, 3);
    const repeats = [
      await service.call('POST', '/customers', { body, headers: key }),
      await service.call('POST', '/customers', { body: { name: 'Another' }, headers: key }),
      await service.call('PUT', path, { body, headers: key }),
      await service.call('POST', `/customers/${json.id}/restore`, { headers: key }),
    ];
    for (const { status, problem } of repeats) {
      assert.deepEqual([status, problem.code], [410, 'customer_erased']);
    }
    assert.equal((await service.call('GET', path)).status, 404);
  });

  test('an erased customer appears in no list, even with includeDeleted; its email and externalId are free', async () => {
    const keys = { email: 'listed@example.com', externalId: 'listed' };
    const customer = await create({ ...keys, tags: ['erased-tag'], phone: '+4311111' });
    await erase(customer.id);
    const filters = [{ tag: 'erased-tag' }, { phone: '+4311111' }, { id: customer.id }, keys];
    for (const filter of filters) {
      assert.deepEqual(await listed({ ...filter, includeDeleted: true }), [], JSON.stringify(filter));
    }
    const all = await service.call<CustomerList>('GET', '/customers', {
      query: { includeDeleted: true, includeTotal: true, limit: 100 },
    });
    assert.ok(all.json.items.every(({ id }) => id !== customer.id));
    const successor = await create(keys);
    assert.notEqual(successor.id, customer.id);
    assert.deepEqual(await listed({ externalId: 'listed' }), [successor]);
  });

  test('404 when the customer never existed', async () => {
    for (const headers of [{}, { 'If-Match': '*' }]) {
      const { status, problem } = await erase(unusedId, headers as Record<string, string>);
      assert.deepEqual([status, problem.code], [404, 'customer_not_found']);
    }
  });

  test('412 when If-Match names another version, and nothing is erased', async () => {
    const { id } = await create();
    for (const tag of ['"2"', 'W/"1"', '"01"']) {
      const { status, problem } = await erase(id, { 'If-Match': tag });
      assert.deepEqual([status, problem.code], [412, 'precondition_failed'], tag);
    }
    assert.equal((await get(id)).status, 200);
    assert.equal((await erase(id, { 'If-Match': '"1"' })).status, 200);
  });

  test('428 without If-Match where it is required', async () => {
    const { json } = await strict.call<Customer>('POST', '/customers', { body: { name: 'Strict' } });
    const path = `/customers/${json.id}/erase`;
    const without = await strict.call('POST', path);
    assert.deepEqual([without.status, without.problem.code], [428, 'precondition_required']);
    assert.equal((await strict.call('GET', `/customers/${json.id}`)).status, 200);
    assert.equal((await strict.call('POST', path, { headers: { 'If-Match': '"1"' } })).status, 200);
  });

  test('422 for an invalid id, parameter or Idempotency-Key; 400 for a malformed If-Match', async () => {
    const { id } = await create();
    for (const path of [`${id.toUpperCase()}/erase`, '1/erase', `${id}/erase?validateOnly=true`]) {
      const { status, problem } = await service.call('POST', `/customers/${path}`);
      assert.deepEqual([status, problem.code], [422, 'invalid_request'], path);
    }
    assert.equal((await erase(id, { 'Idempotency-Key': 'a b' })).status, 422);
    assert.equal((await erase(id, { 'If-Match': '1' })).status, 400);
    assert.equal((await get(id)).status, 200);
  });
});
