import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { Customer } from '../../src/contract/types.ts';
import { suiteCleanup } from '../support/cleanup.ts';
import { describeEngines } from '../support/engines.ts';
import { startTestService, type TestService } from '../support/service.ts';

describeEngines('getCustomerByExternalId', (engine) => {
  const cleanup = suiteCleanup();
  let service: TestService;
  before(async () => {
    service = await startTestService(cleanup, { engine });
  });

  const get = (externalId: string, headers: Record<string, string> = {}) =>
    service.call<Customer>('GET', `/external-ids/${externalId}/customer`, { headers });
  const create = async (externalId: string) =>
    (await service.call<Customer>('POST', '/customers', { body: { name: 'Known', externalId } })).json;

  test('200 with the same bytes and headers as getCustomer', async () => {
    for (const externalId of ['crm:48213', 'a', '-', '_.:-', 'x'.repeat(256), '...', 'customer']) {
      const customer = await create(externalId);
      const { status, headers, text } = await get(externalId);
      const byId = await service.call('GET', `/customers/${customer.id}`);
      assert.deepEqual([status, text], [200, byId.text], externalId);
      assert.equal(headers.get('etag'), '"1"');
      assert.equal(headers.get('cache-control'), 'private, no-cache');
    }
  });

  test('200 to HEAD, without a body', async () => {
    await create('head');
    const { status, headers, text } = await service.call('HEAD', '/external-ids/head/customer');
    assert.deepEqual([status, text, headers.get('etag')], [200, '', '"1"']);
  });

  test('200 for many concurrent reads, each with its own customer', async () => {
    const names = Array.from({ length: 150 }, (_, index) => `many:${index}`);
    const made = await Promise.all(names.map(create));
    const found = await Promise.all(names.map((name) => get(name)));
    assert.deepEqual(
      found.map(({ json }) => json.id),
      made.map(({ id }) => id),
    );
  });

  test('304 when If-None-Match contains the current tag', async () => {
    await create('cached');
    for (const tag of ['"1"', 'W/"1"', '"7", "1"', '*']) {
      const { status, headers, text } = await get('cached', { 'If-None-Match': tag });
      assert.deepEqual([status, text, headers.get('etag')], [304, '', '"1"'], tag);
    }
    assert.equal((await get('cached', { 'If-None-Match': '"2"' })).status, 200);
  });

  test('400 for an invalid externalId, header or parameter', async () => {
    for (const path of ['a%20b', '%C3%A9', 'a%2Fb', 'x'.repeat(257), 'crm:1*']) {
      const { status, problem } = await get(path);
      assert.deepEqual([status, problem.code], [400, 'invalid_request'], path);
      assert.equal(problem.errors?.[0]?.parameter, 'externalId');
    }
    const malformed = await get('a', { 'If-None-Match': '1' });
    assert.deepEqual([malformed.status, malformed.problem.code], [400, 'malformed_request']);
    const unknown = await service.call('GET', '/external-ids/a/customer?x=1');
    assert.deepEqual([unknown.status, unknown.problem.errors?.[0]?.parameter], [400, 'x']);
  });

  test('404 when no live customer has the externalId: never used, released, deleted or in another case', async () => {
    const customer = await create('Held');
    const path = `/customers/${customer.id}`;
    const gone = async (externalId: string) => {
      const { status, problem } = await get(externalId);
      assert.deepEqual([status, problem.code], [404, 'customer_not_found'], externalId);
    };
    await gone('never');
    await gone('held');
    await service.call('PATCH', path, { body: { externalId: 'Other' } });
    await gone('Held');
    assert.equal((await get('Other')).status, 200);
    await service.call('DELETE', path);
    await gone('Other');
    const successor = await create('Other');
    assert.equal((await get('Other')).json.id, successor.id);
  });
});
