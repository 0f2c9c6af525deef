import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { Customer } from '../../src/contract/types.ts';
import { suiteCleanup } from '../support/cleanup.ts';
import { describeEngines } from '../support/engines.ts';
import { startTestService, type TestService } from '../support/service.ts';

const unusedId = '0198c5a2-7c1e-7b3a-9d42-5e1f0a6b8c37';
const created = '2026-03-14T09:26:53.589Z';
const later = '2026-05-02T16:40:00.000Z';

const blank = { line1: null, line2: null, city: null, region: null, postalCode: null, country: null };
const home = { ...blank, line1: 'Getreidegasse 9', city: 'Salzburg', country: 'AT' };

const start = {
  externalId: null,
  type: 'organization',
  name: 'Mozart KG',
  email: null,
  phone: '+43662844313',
  locale: 'de-AT',
  timeZone: 'Europe/Vienna',
  address: home,
  status: 'inactive',
  tags: ['a', 'b'],
  note: 'A note.',
  metadata: { tier: 'gold', source: 'fair' },
};

/** Patches applied to `start`, with the members they change; a patch without `changed` changes nothing. */
const patches: { patch: object | string; changed?: object }[] = [
  { patch: { name: 'Amadeus KG' }, changed: { name: 'Amadeus KG' } },
  { patch: { type: 'person', status: 'active' }, changed: { type: 'person', status: 'active' } },
  { patch: { email: 'W.A@example.com' }, changed: { email: 'W.A@example.com' } },
  { patch: { externalId: 'kv:626' }, changed: { externalId: 'kv:626' } },
  { patch: { phone: null }, changed: { phone: null } },
  { patch: { locale: null }, changed: { locale: null } },
  { patch: { timeZone: null }, changed: { timeZone: null } },
  { patch: { note: null }, changed: { note: null } },
  { patch: { tags: ['b'] }, changed: { tags: ['b'] } },
  { patch: { tags: ['b', 'a'] }, changed: { tags: ['b', 'a'] } },
  { patch: { tags: null }, changed: { tags: [] } },
  { patch: { tags: [] }, changed: { tags: [] } },
  { patch: { metadata: null }, changed: { metadata: {} } },
  { patch: { metadata: { tier: null } }, changed: { metadata: { source: 'fair' } } },
  { patch: { metadata: { tier: null, source: null } }, changed: { metadata: {} } },
  { patch: { metadata: { tier: 'red' } }, changed: { metadata: { tier: 'red', source: 'fair' } } },
  { patch: { metadata: { x: '' } }, changed: { metadata: { tier: 'gold', source: 'fair', x: '' } } },
  {
    patch: { metadata: { x: '1', tier: null, none: null } },
    changed: { metadata: { source: 'fair', x: '1' } },
  },
  { patch: { address: null }, changed: { address: null } },
  { patch: { address: { city: 'Wien' } }, changed: { address: { ...home, city: 'Wien' } } },
  { patch: { address: { line1: null } }, changed: { address: { ...home, line1: null } } },
  { patch: { address: { line2: '2. Stock' } }, changed: { address: { ...home, line2: '2. Stock' } } },
  { patch: { address: { line1: null, city: null, country: null } }, changed: { address: null } },
  { patch: { address: { ...blank, city: 'Linz' } }, changed: { address: { ...blank, city: 'Linz' } } },
  { patch: {} },
  { patch: { name: 'Mozart KG' } },
  { patch: { tags: ['a', 'b'], metadata: { tier: 'gold' }, address: { city: 'Salzburg' } } },
  { patch: { email: null, externalId: null } },
  { patch: { address: {} } },
  { patch: { address: { line2: null } } },
  { patch: { metadata: {} } },
  { patch: { metadata: { none: null } } },
  // Names with a special meaning in JavaScript are ordinary keys.
  { patch: '{"metadata":{"__proto__":null,"constructor":null,"toString":null}}' },
];

describeEngines('updateCustomer', (engine) => {
  const cleanup = suiteCleanup();
  let service: TestService;
  let now = 0;
  before(async () => {
    service = await startTestService(cleanup, { engine, clock: () => now });
  });

  const patch = (id: string, body: unknown, headers: Record<string, string> = {}) =>
    service.call<Customer>('PATCH', `/customers/${id}`, { body, headers });
  const get = (id: string) => service.call<Customer>('GET', `/customers/${id}`);
  async function create(body: object) {
    now = Date.parse(created);
    const made = await service.call<Customer>('POST', '/customers', { body });
    assert.equal(made.status, 201);
    now = Date.parse(later);
    return { id: made.json.id, customer: made.json, position: Number(made.headers.get('feed-position')) };
  }

  test('200 with the next version, its ETag and Feed-Position, with either media type', async () => {
    const { id, customer, position } = await create(start);
    for (const [index, type] of ['application/merge-patch+json', 'application/json'].entries()) {
      const version = index + 2;
      const body = { note: `As ${type}` };
      const { status, headers, json, text } = await patch(id, body, { 'Content-Type': type });
      assert.equal(status, 200);
      const marks = { version, etag: `"${version}"`, updatedAt: later };
      assert.deepEqual(json, { ...customer, ...body, ...marks });
      assert.equal(headers.get('etag'), `"${version}"`);
      assert.equal(Number(headers.get('feed-position')), position + version - 1);
      assert.equal(headers.get('location'), null);
      assert.equal((await get(id)).text, text);
    }
  });

  test('200 applies a merge patch, and keeps the version when nothing changes', async (t) => {
    for (const { patch: body, changed } of patches) {
      const { id, customer, position } = await create(start);
      const { status, headers, json, text } = await patch(id, body);
      const title = JSON.stringify(body);
      assert.equal(status, 200, title);
      const marks = changed ? { version: 2, etag: '"2"', updatedAt: later } : {};
      assert.deepEqual(json, { ...customer, ...changed, ...marks }, title);
      assert.equal(headers.get('etag'), json.etag);
      assert.equal(Number(headers.get('feed-position')), position + (changed ? 1 : 0), title);
      assert.equal((await get(id)).text, text, title);
      await service.call('DELETE', `/customers/${id}`);
    }
    t.diagnostic(`${patches.length} patches, 0 wrong`);
  });

  test('200 creates the address from a patch', async () => {
    const { id } = await create({ name: 'Homeless' });
    for (const body of [{ address: {} }, { address: { city: null } }, { address: null }, { tags: null }]) {
      assert.equal((await patch(id, body)).json.version, 1, JSON.stringify(body));
    }
    const { json } = await patch(id, { address: { city: 'Graz', line1: null } });
    assert.deepEqual(json.address, { ...blank, city: 'Graz' });
  });

  test('200 sets and removes metadata keys that are special in JavaScript', async () => {
    const { id } = await create({ name: 'Special' });
    const set = '{"metadata":{"__proto__":"p","constructor":"c","toString":"t","hasOwnProperty":"h"}}';
    const { text } = await patch(id, set);
    assert.ok(
      text.includes('"metadata":{"__proto__":"p","constructor":"c","toString":"t","hasOwnProperty":"h"}'),
    );
    assert.equal((await get(id)).text, text);
    const { text: left } = await patch(id, '{"metadata":{"__proto__":null,"constructor":null}}');
    assert.ok(left.includes('"metadata":{"toString":"t","hasOwnProperty":"h"}'), left);
  });

  test('422 when the result has more than 50 metadata keys; the patch itself may have more', async () => {
    const keys = (from: number, to: number, value: string | null) =>
      Object.fromEntries(Array.from({ length: to - from }, (_, index) => [`k${from + index}`, value]));
    const { id } = await create({ name: 'Many keys', metadata: keys(0, 50, 'v') });
    const { status, problem } = await patch(id, { metadata: { one: 'more' } });
    assert.deepEqual([status, problem.code], [422, 'invalid_request']);
    assert.deepEqual(
      problem.errors?.map(({ pointer }) => pointer),
      ['#/metadata'],
    );
    assert.equal((await patch(id, { metadata: keys(0, 101, 'v') })).status, 422);
    assert.equal((await get(id)).json.version, 1);

    assert.equal((await patch(id, { metadata: { one: 'more', k0: null } })).status, 200);
    const swapped = await patch(id, { metadata: { ...keys(1, 50, null), one: null, ...keys(50, 100, 'w') } });
    assert.equal(swapped.status, 200);
    assert.deepEqual(swapped.json.metadata, keys(50, 100, 'w'));
  });

  test('422 when null would clear a required or enumerated member, alone or among others', async () => {
    const { id } = await create(start);
    for (const member of ['name', 'type', 'status']) {
      for (const body of [{ [member]: null }, { [member]: null, note: 'Not either' }]) {
        const { status, problem } = await patch(id, body);
        assert.deepEqual([status, problem.code], [422, 'invalid_request']);
        assert.ok(problem.errors?.every(({ pointer }) => pointer === `#/${member}`));
      }
    }
    assert.equal((await get(id)).json.version, 1);
  });

  test('200 with validateOnly stores nothing and uses no position', async () => {
    const { id, position } = await create(start);
    const query = { validateOnly: true };
    for (const [body, version] of [
      [{ metadata: { tier: null } }, 2],
      [{ note: start.note }, 1],
    ] as const) {
      const tried = await service.call<Customer>('PATCH', `/customers/${id}`, { body, query });
      assert.equal(tried.status, 200);
      assert.equal(tried.json.version, version);
      for (const name of ['etag', 'feed-position']) assert.equal(tried.headers.get(name), null);
    }
    assert.equal((await get(id)).json.version, 1);
    const next = await patch(id, { note: 'Next' });
    assert.equal(Number(next.headers.get('feed-position')), position + 1);
  });

  test('404 when the customer never existed, and 410 when it was deleted', async () => {
    const { id } = await create({ name: 'Gone' });
    await service.call('DELETE', `/customers/${id}`);
    for (const query of ['', '?validateOnly=true']) {
      const unused = await patch(unusedId + query, { name: 'x' });
      assert.deepEqual([unused.status, unused.problem.code], [404, 'customer_not_found']);
      const gone = await patch(id + query, { name: 'x' });
      assert.deepEqual([gone.status, gone.problem.code], [410, 'customer_deleted']);
    }
  });

  test('409 when another live customer has the email or the externalId', async () => {
    await create({ name: 'Holder', email: 'held@example.com', externalId: 'held' });
    const { id } = await create({ name: 'Claims', email: 'own@example.com' });
    const cases = [
      { body: { email: 'HELD@example.com' }, code: 'email_taken' },
      { body: { externalId: 'held', email: null }, code: 'external_id_taken' },
    ];
    for (const { body, code } of cases) {
      const { status, problem } = await patch(id, body);
      assert.deepEqual([status, problem.code], [409, code]);
    }
    const { json } = await patch(id, { email: 'OWN@example.com' });
    assert.deepEqual(
      [json.version, json.email],
      [2, 'OWN@example.com'],
      'its own key in another spelling is allowed',
    );
  });

  test('422 for an invalid id, parameter or body', async () => {
    const { id } = await create({ name: 'Kept' });
    const cases = [
      { path: id.toUpperCase(), body: {}, place: 'customerId' },
      { path: `${id}?validateOnly=1`, body: {}, place: 'validateOnly' },
      { path: `${id}?x=1`, body: {}, place: 'x' },
      { path: id, body: [{ op: 'remove', path: '/note' }], place: '#' },
      { path: id, body: 'null', place: '#' },
      { path: id, body: { version: 7 }, place: '#/version' },
      { path: id, body: { address: { street: 'x' } }, place: '#/address/street' },
      { path: id, body: { address: 'Graz' }, place: '#/address' },
      { path: id, body: { metadata: { n: 1 } }, place: '#/metadata/n' },
    ];
    for (const { path, body, place } of cases) {
      const { status, problem } = await patch(path, body);
      assert.deepEqual([status, problem.code], [422, 'invalid_request'], place);
      const places = problem.errors?.map(({ pointer, parameter }) => pointer ?? parameter);
      assert.ok(places?.includes(place), `${place} is not among ${places}`);
    }
    assert.equal((await get(id)).json.version, 1);
  });
});
