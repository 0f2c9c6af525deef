import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { Customer } from '../../src/contract/types.ts';
import { suiteCleanup } from '../support/cleanup.ts';
import { describeEngines } from '../support/engines.ts';
import { startTestService, type TestService } from '../support/service.ts';

const created = '2026-03-14T09:26:53.589Z';
const later = '2026-05-02T16:40:00.000Z';
const secondVersion = { version: 2, etag: '"2"', createdAt: created, updatedAt: later, deletedAt: null };

const full = {
  externalId: 'crm:48213',
  type: 'organization',
  name: 'Harbour Lane Books Ltd',
  email: 'books@example.com',
  phone: '+442079460123',
  locale: 'en-GB',
  timeZone: 'Europe/London',
  address: {
    line1: '12 Harbour Lane',
    line2: 'Unit 3',
    city: 'Falmouth',
    region: 'Cornwall',
    postalCode: 'TR11 3XX',
    country: 'GB',
  },
  status: 'inactive',
  tags: ['wholesale', 'books'],
  note: 'Closed on Mondays.',
  metadata: { tier: 'gold', region: 'south-west' },
};

const emptied = {
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

let serial = 0;
/** A caller-chosen id that is not a version 7 UUID. */
const unusedId = () => `7f3a42e0-1111-4222-8333-${String(++serial).padStart(12, '0')}`;

describeEngines('replaceCustomer', (engine) => {
  const cleanup = suiteCleanup();
  let service: TestService;
  let now = Date.parse(created);
  before(async () => {
    service = await startTestService(cleanup, { engine, clock: () => now });
  });

  const put = (id: string, body: unknown, headers: Record<string, string> = {}) =>
    service.call<Customer>('PUT', `/customers/${id}`, { body, headers });
  const validate = (id: string, body: unknown, headers: Record<string, string> = {}) =>
    service.call<Customer>('PUT', `/customers/${id}?validateOnly=true`, { body, headers });
  const get = (id: string) => service.call<Customer>('GET', `/customers/${id}`);
  async function create(body: object) {
    now = Date.parse(created);
    const made = await service.call<Customer>('POST', '/customers', { body: { name: 'New', ...body } });
    assert.equal(made.status, 201);
    now = Date.parse(later);
    return made.json;
  }

  test('200 with the next version, its ETag and Feed-Position', async () => {
    const { id } = await create({});
    const { status, headers, json, text } = await put(id, full);
    assert.equal(status, 200);
    assert.deepEqual(json, { ...full, id, ...secondVersion });
    assert.equal(headers.get('etag'), '"2"');
    assert.match(headers.get('feed-position') ?? '', /^[1-9]\d*$/);
    assert.equal(headers.get('location'), null);
    assert.equal((await get(id)).text, text);
    await service.call('DELETE', `/customers/${id}`);
  });

  test('200 clears absent members and resets type and status to their defaults', async () => {
    const { id } = await create(full);
    const { status, json } = await put(id, { name: 'Bare' });
    assert.equal(status, 200);
    assert.deepEqual(json, { ...emptied, id, name: 'Bare', ...secondVersion });
  });

  test('200 with the same version and updatedAt and no new position when nothing changes', async () => {
    const { id } = await create({ ...full, tags: [] });
    const first = await put(id, full);
    const position = first.headers.get('feed-position');
    now += 60_000;
    const reordered = { region: full.metadata.region, tier: full.metadata.tier };
    for (const body of [full, { ...full, metadata: reordered }]) {
      const { status, headers, text } = await put(id, body);
      assert.equal(status, 200);
      assert.equal(text, first.text);
      assert.equal(headers.get('etag'), '"2"');
      assert.equal(headers.get('feed-position'), position);
    }
    const next = await put(id, { ...full, tags: ['books', 'wholesale'] });
    assert.equal(next.json.version, 3, 'the order of tags is significant');
    assert.equal(Number(next.headers.get('feed-position')), Number(position) + 1);
    await service.call('DELETE', `/customers/${id}`);
  });

  test('200 never moves updatedAt back, even when the clock goes back', async () => {
    const { id } = await create({});
    await put(id, { name: 'Later' });
    now = Date.parse(created) - 1000;
    const { json } = await put(id, { name: 'Clock was set back' });
    assert.equal(json.version, 3);
    assert.ok(json.updatedAt >= later, json.updatedAt);
  });

  test('201 with If-None-Match: * under an unused id of any UUID version', async () => {
    const id = unusedId();
    now = Date.parse(created);
    const { status, headers, json, text } = await put(id, { name: 'Chosen' }, { 'If-None-Match': '*' });
    assert.equal(status, 201);
    const marks = { version: 1, etag: '"1"', createdAt: created, updatedAt: created, deletedAt: null };
    assert.deepEqual(json, { ...emptied, id, name: 'Chosen', ...marks });
    assert.equal(headers.get('location'), `/customers/${id}`);
    assert.equal(headers.get('etag'), '"1"');
    assert.match(headers.get('feed-position') ?? '', /^[1-9]\d*$/);
    assert.equal((await get(id)).text, text);
  });

  test('of many concurrent creations of one id, one returns 201 and the others 412', async () => {
    const id = unusedId();
    const bodies = Array.from({ length: 8 }, (_, index) => ({ name: `Creator ${index}` }));
    const answers = await Promise.all(bodies.map((body) => put(id, body, { 'If-None-Match': '*' })));
    assert.equal(answers.filter(({ status }) => status === 201).length, 1);
    assert.equal(answers.filter(({ status }) => status === 412).length, 7);
  });

  test('412 with If-None-Match when the id is in use or one of the tags matches', async () => {
    const { id } = await create({ name: 'Kept' });
    for (const value of ['*', '"1"', 'W/"1"', '"0", "1"']) {
      const { status, problem } = await put(id, { name: 'Overwritten' }, { 'If-None-Match': value });
      assert.deepEqual([status, problem.code], [412, 'precondition_failed'], value);
    }
    assert.equal((await get(id)).json.name, 'Kept');
    assert.equal((await put(id, { name: 'New' }, { 'If-None-Match': '"7"' })).status, 200);
  });

  test('412 or 404 when If-Match names a version of an unused id, also with If-None-Match: *', async () => {
    for (const ifMatch of ['"1"', '*']) {
      const id = unusedId();
      const { status } = await put(id, { name: 'Never' }, { 'If-Match': ifMatch, 'If-None-Match': '*' });
      assert.ok(
        status === 412 || status === 404,
        `If-Match: ${ifMatch} does not match, but the status is ${status}`,
      );
      assert.equal((await get(id)).status, 404);
    }
  });

  test('400 when If-None-Match is malformed', async () => {
    const { id } = await create({});
    for (const value of ['1', '"1', '', 'W/1', '*, "1"']) {
      for (const target of [id, unusedId()]) {
        const { status, problem } = await put(target, { name: 'x' }, { 'If-None-Match': value });
        assert.deepEqual([status, problem.code], [400, 'malformed_request'], value);
      }
    }
  });

  test('404 under an unused id without If-None-Match: *', async () => {
    for (const headers of [{}, { 'If-None-Match': '"1"' }]) {
      const id = unusedId();
      const { status, problem } = await put(id, { name: 'Nobody' }, headers as Record<string, string>);
      assert.deepEqual([status, problem.code], [404, 'customer_not_found']);
      assert.equal((await get(id)).status, 404);
    }
  });

  test('409 when another live customer has the email or the externalId; keeping its own is allowed', async () => {
    await create({ email: 'held@example.com', externalId: 'held' });
    const own = { email: 'Own@example.com', externalId: 'own' };
    const { id } = await create(own);
    for (const [body, code] of [
      [{ ...own, email: 'HELD@example.com' }, 'email_taken'],
      [{ ...own, externalId: 'held' }, 'external_id_taken'],
    ] as const) {
      const { status, problem } = await put(id, { name: 'Claims', ...body });
      assert.deepEqual([status, problem.code], [409, code]);
    }
    const { status, json } = await put(id, { name: 'New', ...own, email: 'own@EXAMPLE.com' });
    assert.deepEqual([status, json.version, json.email], [200, 2, 'own@EXAMPLE.com']);
  });

  test('200 with validateOnly stores nothing and uses no position', async () => {
    const { id } = await create({ name: 'As it was' });
    const before = await put(id, { name: 'As it is' });
    const tried = await validate(id, full);
    const fresh = unusedId();
    const created = await validate(fresh, { name: 'Tried' }, { 'If-None-Match': '*' });
    for (const { status, headers } of [tried, created]) {
      assert.equal(status, 200);
      for (const name of ['location', 'etag', 'feed-position']) assert.equal(headers.get(name), null);
    }
    assert.deepEqual([tried.json.version, tried.json.name, tried.json.id], [3, full.name, id]);
    assert.deepEqual([created.json.version, created.json.id], [1, fresh]);
    assert.equal((await get(id)).text, before.text);
    assert.equal((await get(fresh)).status, 404);
    const next = await put(id, { name: 'Next' });
    const position = Number(before.headers.get('feed-position'));
    assert.equal(Number(next.headers.get('feed-position')), position + 1);
  });

  test('404, 409 and 412 are the same with validateOnly', async () => {
    const { id } = await create({ email: 'taken@example.com' });
    const body = { name: 'x', email: 'taken@example.com' };
    assert.equal((await validate(unusedId(), body)).status, 404);
    assert.equal((await validate(unusedId(), body, { 'If-None-Match': '*' })).status, 409);
    assert.equal((await validate(id, body, { 'If-Match': '"7"' })).status, 412);
  });

  test('422 for an invalid id, parameter or body', async () => {
    const { id } = await create({});
    const cases = [
      { path: id.toUpperCase(), body: { name: 'x' }, place: 'customerId' },
      { path: '1', body: { name: 'x' }, place: 'customerId' },
      { path: `${id}?validateOnly=yes`, body: { name: 'x' }, place: 'validateOnly' },
      { path: `${id}?x=1`, body: { name: 'x' }, place: 'x' },
      { path: id, body: {}, place: '#/name' },
      { path: id, body: { name: null }, place: '#/name' },
      { path: id, body: { name: 'x', id }, place: '#/id' },
      { path: id, body: { name: 'x', etag: '"1"' }, place: '#/etag' },
      { path: id, body: [], place: '#' },
    ];
    for (const { path, body, place } of cases) {
      const { status, problem } = await put(path, body);
      assert.deepEqual([status, problem.code], [422, 'invalid_request'], path);
      const places = problem.errors?.map(({ pointer, parameter }) => pointer ?? parameter);
      assert.ok(places?.includes(place), `${place} is not among ${places}`);
    }
    assert.equal((await get(id)).json.version, 1);
  });
});
