import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { Customer, CustomerList } from '../../src/contract/types.ts';
import { suiteCleanup } from '../support/cleanup.ts';
import { describeEngines } from '../support/engines.ts';
import { startTestService, type TestService } from '../support/service.ts';

const now = '2026-03-14T09:26:53.589Z';
const version7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const firstVersion = { version: 1, etag: '"1"', createdAt: now, updatedAt: now, deletedAt: null };

/** A customer created with only a name. */
const empty = {
  externalId: null,
  type: 'person',
  email: null,
  phone: null,
  locale: null,
  timeZone: null,
  address: null,
  status: 'active',
  tags: [],
  note: null,
  metadata: {},
};

/** Every member that a caller can set, each different from its default. */
const full = {
  externalId: 'crm:48213',
  type: 'organization',
  name: 'Zoë Müller-Schäfer GmbH',
  email: 'Zoe.Mueller@example.com',
  phone: '+493023125014',
  locale: 'de-DE',
  timeZone: 'Europe/Berlin',
  address: {
    line1: 'Oranienstraße 25',
    line2: 'Hinterhaus',
    city: 'Berlin',
    region: 'Berlin',
    postalCode: '10999',
    country: 'DE',
  },
  status: 'inactive',
  tags: ['newsletter', 'vip'],
  note: 'Prefers to be called\nin the morning.',
  metadata: { tier: 'gold', 'source.campaign': 'spring-2026' },
};

describeEngines('createCustomer', (engine) => {
  const cleanup = suiteCleanup();
  let service: TestService;
  before(async () => {
    service = await startTestService(cleanup, { engine, clock: () => Date.parse(now) });
  });

  const create = (body: unknown, headers: Record<string, string> = {}) =>
    service.call<Customer>('POST', '/customers', { body, headers });
  const validate = (body: unknown, headers: Record<string, string> = {}) =>
    service.call<Customer>('POST', '/customers?validateOnly=true', { body, headers });
  const count = async () =>
    (await service.call<CustomerList>('GET', '/customers?includeTotal=true')).json.total ?? -1;

  test('201 with Location, ETag, Feed-Position and the defaults when only the name is sent', async () => {
    const { status, headers, json } = await create({ name: 'Ada Lovelace' });
    assert.equal(status, 201);
    assert.match(json.id, version7);
    assert.equal(headers.get('location'), `/customers/${json.id}`);
    assert.equal(headers.get('etag'), '"1"');
    assert.match(headers.get('feed-position') ?? '', /^[1-9]\d*$/);
    assert.deepEqual(json, { ...empty, id: json.id, name: 'Ada Lovelace', ...firstVersion });
  });

  test('201 with all fields as sent; reading it back returns the same bytes', async () => {
    const created = await create(full);
    assert.equal(created.status, 201);
    assert.deepEqual(created.json, { ...full, id: created.json.id, ...firstVersion });
    const read = await service.call('GET', created.headers.get('location') ?? '');
    assert.equal(read.text, created.text);
  });

  test('201 with null treated as absent', async () => {
    const nulls = { externalId: null, email: null, phone: null, locale: null, timeZone: null, note: null };
    const { status, json } = await create({ name: 'Null Island', ...nulls, address: null });
    assert.equal(status, 201);
    assert.deepEqual(json, { ...empty, id: json.id, name: 'Null Island', ...firstVersion });
  });

  test('201 with an address of all six members, or with none when all its members are empty', async () => {
    const blank = { line1: null, line2: null, city: null, region: null, postalCode: null, country: null };
    const cases = [
      { address: { city: 'Graz' }, stored: { ...blank, city: 'Graz' } },
      { address: { country: 'AT', line2: null }, stored: { ...blank, country: 'AT' } },
      { address: {}, stored: null },
      { address: { city: null }, stored: null },
      { address: blank, stored: null },
    ];
    for (const { address, stored } of cases) {
      const { status, json } = await create({ name: 'Somewhere', address });
      assert.equal(status, 201);
      assert.deepEqual(json.address, stored);
    }
  });

  test('201 for each of many concurrent requests, with consecutive positions', async () => {
    const first = Number((await create({ name: 'First' })).headers.get('feed-position'));
    for (const offset of [1, 2, 3]) {
      const { headers } = await create({ name: `Later ${offset}` });
      assert.equal(Number(headers.get('feed-position')), first + offset);
    }
  });

  test('200 with validateOnly stores nothing and uses no position', async () => {
    const real = await create({ name: 'Real' });
    const stored = await count();
    const body = { ...full, externalId: 'tried', email: 'tried@example.com' };
    const tried = await validate(body);
    assert.equal(tried.status, 200);
    for (const name of ['location', 'etag', 'feed-position']) assert.equal(tried.headers.get(name), null);
    assert.deepEqual(tried.json, { ...body, id: tried.json.id, ...firstVersion });
    assert.equal((await service.call('GET', `/customers/${tried.json.id}`)).status, 404);
    assert.equal(await count(), stored);
    const next = await create(body);
    assert.equal(next.status, 201);
    assert.equal(
      Number(next.headers.get('feed-position')),
      Number(real.headers.get('feed-position')) + 1,
      'validateOnly used a position',
    );
  });

  test('201 with validateOnly=false', async () => {
    const body = { name: 'Not tried' };
    const { status } = await service.call('POST', '/customers?validateOnly=false', { body });
    assert.equal(status, 201);
  });

  test('201 with Idempotency-Key, and the same answer for a repeat', async () => {
    const body = { name: 'Once', email: 'once@example.com' };
    const first = await create(body, { 'Idempotency-Key': 'create-1' });
    const second = await create(body, { 'Idempotency-Key': 'create-1' });
    assert.deepEqual([first.status, second.status], [201, 201]);
    assert.equal(second.text, first.text);
    assert.equal(first.headers.get('idempotency-replayed'), null);
    assert.equal(second.headers.get('idempotency-replayed'), 'true');
    for (const name of ['location', 'etag', 'feed-position']) {
      assert.equal(second.headers.get(name), first.headers.get(name), name);
    }
  });

  test('validateOnly and refused requests do not use up the Idempotency-Key', async () => {
    const key = { 'Idempotency-Key': 'create-2' };
    assert.equal((await create({ name: 'Holder', externalId: 'held' })).status, 201);
    assert.equal((await validate({ name: 'Tried' }, key)).status, 200);
    assert.equal((await create({ name: 'Refused', externalId: 'held' }, key)).status, 409);
    const real = await create({ name: 'Real' }, key);
    assert.equal(real.status, 201);
    assert.equal(real.headers.get('idempotency-replayed'), null);
  });

  test('409 when another live customer has the email or the externalId', async () => {
    const holder = await create({ name: 'Secret Holder', email: 'held@example.com', externalId: 'held-2' });
    const cases = [
      { keys: { email: 'Held@Example.com' }, code: 'email_taken', pointers: ['#/email'] },
      { keys: { externalId: 'held-2' }, code: 'external_id_taken', pointers: ['#/externalId'] },
      {
        keys: { email: 'held@example.com', externalId: 'held-2' },
        code: 'email_taken',
        pointers: ['#/email', '#/externalId'],
      },
    ];
    for (const { keys, code, pointers } of cases) {
      const { status, problem, text } = await create({ name: 'Second', ...keys });
      assert.deepEqual([status, problem.code], [409, code]);
      assert.deepEqual(problem.errors?.map(({ pointer }) => pointer).sort(), pointers);
      for (const secret of [holder.json.id, 'Secret Holder']) assert.ok(!text.includes(secret), text);
    }
  });

  test('422 when the Idempotency-Key is malformed or was used for another request', async () => {
    assert.equal((await create({ name: 'One' }, { 'Idempotency-Key': 'create-3' })).status, 201);
    const reused = await create({ name: 'Two' }, { 'Idempotency-Key': 'create-3' });
    assert.deepEqual([reused.status, reused.problem.code], [422, 'idempotency_key_reused']);
    for (const key of ['', 'a b', 'ä', 'x'.repeat(256)]) {
      const { status, problem } = await create({ name: 'One' }, { 'Idempotency-Key': key });
      assert.deepEqual([status, problem.code], [422, 'invalid_request'], key);
      assert.ok(problem.errors?.every(({ parameter }) => parameter === 'Idempotency-Key'));
    }
    assert.equal((await create({ name: 'One' }, { 'Idempotency-Key': '~'.repeat(255) })).status, 201);
  });

  test('422 for an unknown parameter or one that is not a boolean', async () => {
    const wrong = ['validateOnly=1', 'validateOnly=TRUE', 'validateOnly=', 'validateonly=true', 'limit=2'];
    const repeated = ['validateOnly=true&validateOnly=false', 'validateOnly=true&validateOnly=true'];
    for (const query of [...wrong, ...repeated]) {
      const { status, problem } = await service.call('POST', `/customers?${query}`, { body: { name: 'x' } });
      assert.deepEqual([status, problem.code], [422, 'invalid_request'], query);
      assert.deepEqual(
        problem.errors?.map(({ parameter }) => parameter),
        [query.split('=')[0]],
        query,
      );
    }
  });

  test('422 when the body is not an object, has no name or sets a read-only member', async () => {
    const bodies = ['null', 'true', '7', '"Ada"', '[]', '[{"name":"Ada"}]', '{}', '{"email":"a@b.example"}'];
    const state = ['id', 'version', 'etag', 'createdAt', 'updatedAt', 'deletedAt'];
    const unknown = [...state, 'Name', '__proto__', 'constructor', 'toString'];
    const stored = await count();
    for (const body of [...bodies, ...unknown.map((name) => `{"name":"Ada",${JSON.stringify(name)}:"1"}`)]) {
      const { status, problem } = await create(body);
      assert.deepEqual([status, problem.code], [422, 'invalid_request'], body);
      assert.ok(
        problem.errors?.every(({ pointer }) => pointer?.startsWith('#')),
        body,
      );
    }
    assert.equal(await count(), stored);
  });
});
