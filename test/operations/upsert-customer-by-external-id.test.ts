import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { Customer } from '../../src/contract/types.ts';
import { suiteCleanup } from '../support/cleanup.ts';
import { describeEngines } from '../support/engines.ts';
import { startTestService, type TestService } from '../support/service.ts';

let serial = 0;
/** An unused externalId. */
const fresh = () => `upsert:${++serial}`;

describeEngines('upsertCustomerByExternalId', (engine) => {
  const cleanup = suiteCleanup();
  let service: TestService;
  let strict: TestService;
  before(async () => {
    service = await startTestService(cleanup, { engine });
    strict = await startTestService(cleanup, { engine, environment: { REQUIRE_IF_MATCH: 'true' } });
  });

  const upsert = (externalId: string, body: object, headers: Record<string, string> = {}, query = {}) =>
    service.call<Customer>('PUT', `/external-ids/${externalId}/customer`, { body, headers, query });
  const find = (externalId: string) => service.call<Customer>('GET', `/external-ids/${externalId}/customer`);
  const create = async (body: object) =>
    (await service.call<Customer>('POST', '/customers', { body: { name: 'Other', ...body } })).json;

  test('201 with Location for an unused externalId', async () => {
    const externalId = fresh();
    const { status, headers, json, text } = await upsert(externalId, { name: 'New', tags: ['b', 'a'] });
    assert.equal(status, 201);
    assert.deepEqual(
      [json.externalId, json.name, json.version, json.tags],
      [externalId, 'New', 1, ['b', 'a']],
    );
    assert.equal(headers.get('location'), `/customers/${json.id}`);
    assert.equal(headers.get('etag'), '"1"');
    assert.match(headers.get('feed-position') ?? '', /^[1-9]\d*$/);
    assert.equal((await service.call('GET', `/customers/${json.id}`)).text, text);
    assert.equal((await find(externalId)).text, text);
  });

  test('200 for an externalId in use: replaces the customer as PUT does, as the next version', async () => {
    const externalId = fresh();
    const first = await upsert(externalId, {
      name: 'Whole',
      phone: '+4312345',
      status: 'inactive',
      tags: ['a'],
    });
    const { status, headers, json } = await upsert(externalId, { name: 'Less', externalId });
    assert.equal(status, 200);
    assert.equal(headers.get('location'), null);
    assert.deepEqual(
      [json.id, json.version, json.name, json.phone, json.status, json.tags, json.externalId],
      [first.json.id, 2, 'Less', null, 'active', [], externalId],
    );
    assert.equal(Number(headers.get('feed-position')), Number(first.headers.get('feed-position')) + 1);
    const { items } = (await service.call<{ items: Customer[] }>('GET', '/customers?tag=a')).json;
    assert.ok(items.every(({ id }) => id !== json.id));
  });

  test('200 for a repeat: unchanged and without a new position', async () => {
    const externalId = fresh();
    const body = { name: 'Same', metadata: { a: '1' } };
    const first = await upsert(externalId, body);
    const again = await upsert(externalId, body);
    assert.deepEqual([first.status, again.status], [201, 200]);
    assert.equal(again.text, first.text);
    const next = await upsert(fresh(), body);
    assert.equal(Number(next.headers.get('feed-position')), Number(again.headers.get('feed-position')) + 1);
  });

  test('201 again after its customer was deleted or has released the externalId', async () => {
    const externalId = fresh();
    const first = await upsert(externalId, { name: 'One' });
    await service.call('DELETE', `/customers/${first.json.id}`);
    const second = await upsert(externalId, { name: 'Two' });
    await service.call('PATCH', `/customers/${second.json.id}`, { body: { externalId: null } });
    const third = await upsert(externalId, { name: 'Three' });
    assert.deepEqual([first.status, second.status, third.status], [201, 201, 201]);
    assert.equal(new Set([first, second, third].map(({ json }) => json.id)).size, 3);
    const restored = await service.call('POST', `/customers/${first.json.id}/restore`);
    assert.deepEqual([restored.status, restored.problem.code], [409, 'external_id_taken']);
  });

  test('200 with validateOnly stores nothing, whether it would create, replace or change nothing', async () => {
    const externalId = fresh();
    const dry = (body: object) =>
      upsert(externalId, body, { 'Idempotency-Key': 'dry' }, { validateOnly: true });
    const created = await dry({ name: 'Tried' });
    assert.deepEqual([created.status, created.json.version, created.json.externalId], [200, 1, externalId]);
    assert.equal((await find(externalId)).status, 404);
    const real = await upsert(externalId, { name: 'Real' });
    const replaced = await dry({ name: 'Tried' });
    assert.deepEqual([replaced.json.id, replaced.json.version], [real.json.id, 2]);
    assert.equal((await dry({ name: 'Real' })).text, real.text);
    assert.equal((await find(externalId)).text, real.text);
    for (const name of ['location', 'etag', 'feed-position']) {
      for (const reply of [created, replaced]) assert.equal(reply.headers.get(name), null, name);
    }
  });

  test('201 or 200 with Idempotency-Key, and the same answer for a repeat', async () => {
    const externalId = fresh();
    for (const [status, name] of [
      [201, 'First'],
      [200, 'Second'],
      [200, 'Second'],
    ] as const) {
      const key = { 'Idempotency-Key': `upsert-${externalId}-${name}` };
      const first = await upsert(externalId, { name }, key);
      await service.call('PATCH', `/customers/${first.json.id}`, { body: { note: `${Math.random()}` } });
      const again = await upsert(externalId, { name }, key);
      assert.equal(again.text, first.text);
      assert.deepEqual([again.status, again.headers.get('idempotency-replayed')], [first.status, 'true']);
      if (!first.headers.has('idempotency-replayed')) assert.equal(first.status, status);
      for (const header of ['etag', 'location', 'feed-position']) {
        assert.equal(again.headers.get(header), first.headers.get(header), header);
      }
      const other = await upsert(externalId, { name: 'Another' }, key);
      assert.deepEqual([other.status, other.problem.code], [422, 'idempotency_key_reused']);
    }
  });

  test('409 with a JSON pointer when another customer has the email, without revealing that customer', async () => {
    const other = await create({ email: 'Taken@example.com' });
    const externalId = fresh();
    const body = { name: 'Wants it', email: 'taken@EXAMPLE.com' };
    const refused = async () => {
      const { status, problem, text } = await upsert(externalId, body);
      assert.deepEqual([status, problem.code], [409, 'email_taken']);
      assert.deepEqual(
        problem.errors?.map(({ pointer }) => pointer),
        ['#/email'],
      );
      assert.ok(!text.includes(other.id));
    };
    await refused();
    assert.equal((await find(externalId)).status, 404);
    await upsert(externalId, { name: 'Without' });
    await refused();
    assert.equal((await find(externalId)).json.name, 'Without');
    await service.call('DELETE', `/customers/${other.id}`);
    assert.equal((await upsert(externalId, body)).status, 200);
  });

  test('412 when If-Match names another version or the externalId is unused', async () => {
    const externalId = fresh();
    for (const headers of [
      { 'If-Match': '*' },
      { 'If-Match': '"1"' },
      { 'If-Match': '*', 'If-None-Match': '*' },
    ]) {
      const { status, problem } = await upsert(
        externalId,
        { name: 'Not so' },
        headers as Record<string, string>,
      );
      assert.deepEqual([status, problem.code], [412, 'precondition_failed']);
    }
    assert.equal((await upsert(externalId, { name: 'New' }, { 'If-None-Match': '*' })).status, 201);
    const stale = [
      { 'If-Match': '"2"' },
      { 'If-Match': 'W/"1"' },
      { 'If-None-Match': '*' },
      { 'If-None-Match': '"1"' },
    ];
    for (const headers of stale) {
      const { status, problem } = await upsert(
        externalId,
        { name: 'Not so' },
        headers as Record<string, string>,
      );
      assert.deepEqual([status, problem.code], [412, 'precondition_failed'], JSON.stringify(headers));
    }
    assert.equal((await upsert(externalId, { name: 'So' }, { 'If-Match': '"1"' })).json.version, 2);
  });

  test('REQUIRE_IF_MATCH does not apply, because the caller need not know whether the customer exists', async () => {
    const path = `/external-ids/${fresh()}/customer`;
    for (const [name, status] of [
      ['One', 201],
      ['Two', 200],
    ] as const) {
      assert.equal((await strict.call('PUT', path, { body: { name } })).status, status);
    }
  });

  test('412 takes precedence over 409', async () => {
    await create({ email: 'before@example.com' });
    const body = { name: 'Both', email: 'before@example.com' };
    const { status } = await upsert(fresh(), body, { 'If-Match': '"1"' });
    assert.equal(status, 412);
  });

  test('422 when the body names another externalId or is invalid', async () => {
    const externalId = fresh();
    const cases = [
      { body: { name: 'X', externalId: `${externalId}x` }, pointer: '#/externalId' },
      { body: { name: 'X', externalId: externalId.toUpperCase() }, pointer: '#/externalId' },
      { body: { name: 'X', externalId: null }, pointer: '#/externalId' },
      { body: {}, pointer: '#/name' },
      { body: { name: 'X', nickname: 'Y' }, pointer: '#/nickname' },
      { body: { name: 'X', timeZone: 'Mars/Olympus' }, pointer: '#/timeZone' },
    ];
    for (const { body, pointer } of cases) {
      const { status, problem } = await upsert(externalId, body);
      assert.deepEqual(
        [status, problem.code, problem.errors?.[0]?.pointer],
        [422, 'invalid_request', pointer],
      );
    }
    for (const path of ['a%20b', 'x'.repeat(257)]) {
      const { status, problem } = await upsert(path, { name: 'X' });
      assert.deepEqual([status, problem.errors?.[0]?.parameter], [422, 'externalId']);
    }
    assert.equal((await find(externalId)).status, 404);
  });
});
