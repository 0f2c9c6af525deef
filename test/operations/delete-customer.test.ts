import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { Customer, CustomerList } from '../../src/contract/types.ts';
import { suiteCleanup } from '../support/cleanup.ts';
import { describeEngines } from '../support/engines.ts';
import { startTestService, type TestService } from '../support/service.ts';

const unusedId = '0198c5a2-7c1e-7b3a-9d42-5e1f0a6b8c37';
const created = '2026-03-14T09:26:53.589Z';
const later = '2026-05-02T16:40:00.000Z';

describeEngines('deleteCustomer', (engine) => {
  const cleanup = suiteCleanup();
  let service: TestService;
  let now = Date.parse(created);
  before(async () => {
    service = await startTestService(cleanup, { engine, clock: () => now });
  });

  const create = async (body: object) =>
    (await service.call<Customer>('POST', '/customers', { body: { name: 'Short Lived', ...body } })).json;
  const remove = (id: string, headers: Record<string, string> = {}) =>
    service.call('DELETE', `/customers/${id}`, { headers });

  test('204 without a body and with Feed-Position; the deletion adds a version', async () => {
    const customer = await create({ email: 'short@example.com', tags: ['a'], metadata: { k: 'v' } });
    now = Date.parse(later);
    const { status, headers, text } = await remove(customer.id);
    assert.deepEqual([status, text], [204, '']);
    assert.match(headers.get('feed-position') ?? '', /^[1-9]\d*$/);
    for (const name of ['etag', 'content-type', 'location']) assert.equal(headers.get(name), null, name);

    const query = { includeDeleted: true, id: customer.id };
    const list = await service.call<CustomerList>('GET', '/customers', { query });
    assert.deepEqual(list.json.items, [
      { ...customer, version: 2, etag: '"2"', updatedAt: later, deletedAt: later },
    ]);
  });

  test('204 uses exactly one position', async () => {
    const first = await service.call<Customer>('POST', '/customers', { body: { name: 'One' } });
    const { headers } = await remove(first.json.id);
    const position = Number(first.headers.get('feed-position'));
    assert.equal(Number(headers.get('feed-position')), position + 1);
  });

  test('410 afterwards for every operation except restore', async () => {
    const { id } = await create({});
    await remove(id);
    const path = `/customers/${id}`;
    const body = { name: 'Too late' };
    const answers = [
      await service.call('GET', path),
      await service.call('PUT', path, { body }),
      await service.call('PUT', path, { body, headers: { 'If-None-Match': '*' } }),
      await service.call('PUT', path, { body, query: { validateOnly: true } }),
      await service.call('PATCH', path, { body }),
      await service.call('PATCH', path, { body: {} }),
      await service.call('DELETE', path),
      await service.call('DELETE', path, { headers: { 'If-Match': '"2"' } }),
    ];
    for (const { status, problem } of answers) {
      assert.deepEqual([status, problem.code], [410, 'customer_deleted']);
    }
    assert.equal((await service.call('POST', `${path}/restore`)).status, 200);
  });

  test('a deleted customer is left out of lists unless includeDeleted is set', async () => {
    const { id } = await create({ tags: ['listed'], phone: '+4312345' });
    await remove(id);
    const cases = [
      { query: { tag: 'listed' }, found: 0 },
      { query: { tag: 'listed', includeDeleted: false }, found: 0 },
      { query: { tag: 'listed', includeDeleted: true }, found: 1 },
      { query: { phone: '+4312345' }, found: 0 },
      { query: { phone: '+4312345', includeDeleted: true }, found: 1 },
    ];
    for (const { query, found } of cases) {
      const { json } = await service.call<CustomerList>('GET', '/customers', { query });
      assert.equal(json.items.length, found, JSON.stringify(query));
      assert.ok(json.items.every(({ deletedAt }) => deletedAt !== null));
    }
  });

  test('deleting frees email and externalId at once, for create, replace and update', async () => {
    const keys = { email: 'freed@example.com', externalId: 'freed' };
    const other = await create({ name: 'Other' });
    await remove((await create(keys)).id);
    const second = await create(keys);
    assert.equal(second.email, keys.email);
    await remove(second.id);
    const path = `/customers/${other.id}`;
    assert.equal((await service.call('PATCH', path, { body: keys })).status, 200);
    assert.equal((await service.call('PUT', path, { body: { name: 'Other', ...keys } })).status, 200);
    await remove(other.id);
    assert.equal((await create(keys)).externalId, keys.externalId);
  });

  test('204 when If-Match names the current version, 412 when it does not', async () => {
    const { id } = await create({});
    for (const tag of ['"2"', 'W/"1"', '"01"', '"2", W/"1"']) {
      const { status, problem } = await remove(id, { 'If-Match': tag });
      assert.deepEqual([status, problem.code], [412, 'precondition_failed'], tag);
    }
    assert.equal((await service.call('GET', `/customers/${id}`)).status, 200);
    assert.equal((await remove(id, { 'If-Match': '"7", "1"' })).status, 204);
  });

  test('400 when the id is not a lower-case UUID or a query parameter is sent', async () => {
    const { id } = await create({});
    for (const path of [id.toUpperCase(), `urn:uuid:${id}`, '1', `${id}?validateOnly=true`, `${id}?x=1`]) {
      const { status, problem } = await service.call('DELETE', `/customers/${path}`);
      assert.deepEqual([status, problem.code], [400, 'invalid_request'], path);
    }
    assert.equal((await service.call('GET', `/customers/${id}`)).status, 200);
  });

  test('404 when the customer never existed', async () => {
    for (const headers of [{}, { 'If-Match': '*' }, { 'If-Match': '"1"' }]) {
      const { status, problem } = await remove(unusedId, headers);
      assert.deepEqual([status, problem.code], [404, 'customer_not_found']);
    }
  });

  test('of many concurrent deletions one returns 204 and the others 410', async () => {
    const { id } = await create({});
    const answers = await Promise.all(Array.from({ length: 10 }, () => remove(id)));
    assert.equal(answers.filter(({ status }) => status === 204).length, 1);
    assert.equal(answers.filter(({ status }) => status === 410).length, 9);
    const query = { includeDeleted: true, id };
    const { json } = await service.call<CustomerList>('GET', '/customers', { query });
    assert.equal(json.items[0]?.version, 2);
  });
});
