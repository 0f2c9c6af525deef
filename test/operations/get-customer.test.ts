import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { Customer } from '../../src/contract/types.ts';
import { suiteCleanup } from '../support/cleanup.ts';
import { describeEngines } from '../support/engines.ts';
import { startTestService, type TestService } from '../support/service.ts';

const unusedId = '0198c5a2-7c1e-7b3a-9d42-5e1f0a6b8c37';

describeEngines('getCustomer', (engine) => {
  const cleanup = suiteCleanup();
  let service: TestService;
  /** The customer that the tests read, at version 2. */
  let customer: Customer;
  before(async () => {
    service = await startTestService(cleanup, { engine });
    const { json } = await service.call<Customer>('POST', '/customers', { body: { name: 'Grace Hopper' } });
    const body = { email: 'grace@example.com' };
    customer = (await service.call<Customer>('PATCH', `/customers/${json.id}`, { body })).json;
  });

  const get = (ifNoneMatch?: string, id = customer.id) =>
    service.call<Customer>('GET', `/customers/${id}`, {
      headers: ifNoneMatch === undefined ? {} : { 'If-None-Match': ifNoneMatch },
    });

  test('200 with the customer, its ETag and Cache-Control', async () => {
    const { status, headers, json } = await get();
    assert.equal(status, 200);
    assert.deepEqual(json, customer);
    assert.equal(headers.get('etag'), '"2"');
    assert.equal(headers.get('etag'), json.etag);
    assert.equal(headers.get('cache-control'), 'private, no-cache');
    assert.equal(headers.get('content-type'), 'application/json');
  });

  test('200 always returns the latest write', async () => {
    for (let round = 0; round < 20; round++) {
      const body = { note: `Round ${round}` };
      const written = await service.call('PATCH', `/customers/${customer.id}`, { body });
      assert.equal((await get()).text, written.text);
    }
    customer = (await get()).json;
  });

  test('200 when If-None-Match names only other versions', async () => {
    for (const value of ['"1"', 'W/"1"', '"1", "7", W/"8"', '"x"', '""', '"1",,"7",', '"a,b"', '"\u00e9"']) {
      assert.equal((await get(value)).status, 200, value);
    }
  });

  test('304 without a body when If-None-Match names the current version', async () => {
    const { etag } = customer;
    for (const value of [etag, `W/${etag}`, `"1", ${etag}`, `"1",${etag},"x"`, `, ${etag} ,`, '*', ' * ']) {
      const { status, headers, text } = await get(value);
      assert.equal(status, 304, value);
      assert.equal(text, '');
      assert.equal(headers.get('etag'), etag);
      assert.equal(headers.get('cache-control'), 'private, no-cache');
      assert.equal(headers.get('content-type'), null);
    }
  });

  test('400 when If-None-Match is malformed', async () => {
    const { etag } = customer;
    const malformed = ['1', "'1'", '"1', '1"', '', ',', 'w/"1"', 'W/1', 'W/ "1"', '"a b"', '*, "1"'];
    for (const value of [...malformed, `${etag} ${etag}`, `"1", x`, `${etag}; q=1`, '**']) {
      const { status, problem } = await get(value);
      assert.deepEqual([status, problem.code], [400, 'malformed_request'], value);
      assert.deepEqual(
        problem.errors?.map(({ parameter }) => parameter),
        ['If-None-Match'],
      );
    }
  });

  test('400 when the id is not a lower-case UUID', async () => {
    const wrong = [
      customer.id.toUpperCase(),
      `urn:uuid:${customer.id}`,
      `{${customer.id}}`,
      customer.id.replaceAll('-', ''),
      `${customer.id}0`,
      `${customer.id}%0A`,
      `%20${customer.id}`,
      customer.id.slice(1),
      'null',
      '1',
      "'%20OR%201=1--",
    ];
    for (const id of wrong) {
      const { status, problem } = await get(undefined, id);
      assert.deepEqual([status, problem.code], [400, 'invalid_request'], id);
      assert.ok(problem.errors?.every(({ parameter }) => parameter === 'customerId'));
    }
  });

  test('400 for any query parameter', async () => {
    for (const query of ['validateOnly=true', 'fields=name', 'limit=1', 'x']) {
      const { status, problem } = await service.call('GET', `/customers/${customer.id}?${query}`);
      assert.deepEqual([status, problem.code], [400, 'invalid_request'], query);
    }
  });

  test('404 when the customer never existed', async () => {
    for (const id of [
      unusedId,
      '00000000-0000-0000-0000-000000000000',
      'ffffffff-ffff-ffff-ffff-ffffffffffff',
    ]) {
      for (const ifNoneMatch of [undefined, '*', '"1"']) {
        const { status, problem } = await get(ifNoneMatch, id);
        assert.deepEqual([status, problem.code], [404, 'customer_not_found']);
      }
    }
  });

  test('410 after the customer is deleted, and 200 again after it is restored', async () => {
    const { json } = await service.call<Customer>('POST', '/customers', { body: { name: 'Gone' } });
    await service.call('DELETE', `/customers/${json.id}`);
    for (const ifNoneMatch of [undefined, '*', '"1"', '"2"']) {
      const { status, problem } = await get(ifNoneMatch, json.id);
      assert.deepEqual([status, problem.code], [410, 'customer_deleted']);
    }
    const restored = await service.call('POST', `/customers/${json.id}/restore`);
    const { status, headers, text } = await get(undefined, json.id);
    assert.equal(status, 200);
    assert.equal(text, restored.text);
    assert.equal(headers.get('etag'), '"3"');
  });
});
