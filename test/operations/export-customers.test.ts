/** GET /customers/export: content, order, filters and formats. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { Customer, CustomerList } from '../../src/contract/types.ts';
import { suiteCleanup } from '../support/cleanup.ts';
import { describeEngines } from '../support/engines.ts';
import { startTestService, type TestService } from '../support/service.ts';

const path = '/customers/export';
/** More than two pages of the export. */
const count = 1_203;

describeEngines('exportCustomers', (engine) => {
  const cleanup = suiteCleanup();
  let service: TestService;

  before(async () => {
    service = await startTestService(cleanup, { engine });
    const lines = Array.from({ length: count }, (_, index) => ({
      externalId: `export:${index}`,
      name: `Customer ${index}`,
      type: index % 3 === 0 ? 'organization' : 'person',
      status: index % 2 === 0 ? 'active' : 'inactive',
      tags: index % 5 === 0 ? ['five'] : [],
    }));
    const body = lines.map((line) => JSON.stringify(line)).join('\n');
    const headers = { 'Content-Type': 'application/x-ndjson' };
    await service.call('POST', '/customers/import', { body, headers });
    const { json } = await service.call<CustomerList>('GET', '/customers?limit=3');
    for (const { id } of json.items) await service.call('DELETE', `/customers/${id}`);
  });

  async function exported(query = {}): Promise<Customer[]> {
    const reply = await service.call('GET', path, { query });
    assert.deepEqual([reply.status, reply.headers.get('content-type')], [200, 'application/x-ndjson']);
    return reply.text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Customer]));
  }

  test('200 with each live customer once, in order of creation', async (context) => {
    const names = (await exported()).map(({ name }) => name);
    assert.deepEqual(
      names,
      Array.from({ length: count - 3 }, (_, index) => `Customer ${index}`),
    );
    context.diagnostic(`${names.length} customers in order`);
  });

  test('200 with deleted customers when includeDeleted is set', async () => {
    const all = await exported({ includeDeleted: true });
    assert.equal(all.length, count);
    assert.equal(all.filter(({ deletedAt }) => deletedAt !== null).length, 3);
  });

  test('200 with the customers that match all filters', async () => {
    const chosen = await exported({ tag: 'five', status: 'active', type: 'organization' });
    const expected = Array.from({ length: count - 3 }, (_, index) => index).filter(
      (index) => index % 30 === 0,
    );
    assert.deepEqual(
      chosen.map(({ name }) => name),
      expected.map((index) => `Customer ${index}`),
    );
    const [first] = chosen;
    assert.deepEqual(await exported({ createdBefore: first?.createdAt ?? '' }), []);
    assert.equal((await exported({ createdAfter: first?.createdAt ?? '' })).length, count - 3);
  });

  test('200 with each customer in the same bytes as a single read', async () => {
    const { text } = await service.call('GET', path);
    const [line = ''] = text.split('\n');
    const { id } = JSON.parse(line) as Customer;
    assert.equal((await service.call('GET', `/customers/${id}`)).text, line);
  });

  test('200 as CSV when Accept prefers it', async () => {
    const reply = await service.call('GET', path, { headers: { Accept: 'text/csv' } });
    assert.deepEqual([reply.status, reply.headers.get('content-type')], [200, 'text/csv']);
    const rows = reply.text.trimEnd().split('\n');
    assert.equal(rows.length, count - 3 + 1);
    assert.match(rows[0] ?? '', /^id,externalId,type,name,.*,address\.line1,.*,deletedAt$/);
    const none = await service.call('GET', path, { headers: { Accept: 'text/csv' }, query: { tag: 'none' } });
    assert.equal(none.text, `${rows[0]}\n`);
  });

  test('200 without a body for HEAD', async () => {
    const reply = await service.call('HEAD', path);
    assert.deepEqual([reply.status, reply.text], [200, '']);
    assert.ok(reply.headers.get('feed-position'));
  });

  test('Feed-Position is taken before the first row is read', async () => {
    const before = await service.call('GET', path);
    const written = await service.call('POST', '/customers', { body: { name: 'Later' } });
    const after = await service.call('GET', path);
    const [first = 0, ...others] = [before, written, after].map(({ headers }) =>
      Number(headers.get('feed-position')),
    );
    assert.deepEqual(others, [first + 1, first + 1]);
  });

  test('400 for an invalid or unknown parameter', async () => {
    for (const query of [{ status: 'gone' }, { limit: 5 }, { sort: 'name' }, { createdAfter: 'today' }]) {
      assert.equal((await service.call('GET', path, { query })).status, 400, JSON.stringify(query));
    }
  });

  test('406 when Accept allows neither format', async () => {
    const headers = { Accept: 'application/json' };
    assert.equal((await service.call('GET', path, { headers })).status, 406);
  });
});
