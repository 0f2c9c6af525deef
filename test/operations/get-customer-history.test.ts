import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { Customer, CustomerHistory } from '../../src/contract/types.ts';
import type { Engine } from '../../src/storage/engine/engine.ts';
import { execute, openDirectly } from '../storage/direct-engine.ts';
import { suiteCleanup } from '../support/cleanup.ts';
import { describeEngines } from '../support/engines.ts';
import { startTestService, type TestService } from '../support/service.ts';

const unusedId = '0198c5a2-7c1e-7b3a-9d42-5e1f0a6b8c37';
const instant = (second: number) => `2026-03-14T09:00:0${second}.000Z`;

describeEngines('getCustomerHistory', (engine) => {
  const cleanup = suiteCleanup();
  let service: TestService;
  let direct: Engine;
  let now = Date.parse(instant(0));
  before(async () => {
    service = await startTestService(cleanup, { engine, clock: () => now });
    direct = openDirectly(cleanup, service.databaseUrl);
  });

  const history = (id: string, query: Record<string, string> = {}) =>
    service.call<CustomerHistory>('GET', `/customers/${id}/history`, { query });

  /** Creates a customer and updates it until it has this many versions. */
  async function customerWith(versions: number): Promise<string> {
    const { id } = (await service.call<Customer>('POST', '/customers', { body: { name: 'Ada' } })).json;
    for (let version = 2; version <= versions; version++) {
      await service.call('PATCH', `/customers/${id}`, { body: { note: `version ${version}` } });
    }
    return id;
  }

  test('200 with one entry per version, newest first, each with its changes', async () => {
    const write = async (second: number, method: string, path: string, body?: unknown) => {
      now = Date.parse(instant(second));
      const headers = { 'X-Request-Id': `step-${second}` };
      return await service.call<Customer>(method, path, { body, headers });
    };
    const address = { city: 'Wien', country: 'AT' };
    const first = {
      name: 'Ada "A"',
      email: 'ada@example.com',
      address,
      tags: ['vip'],
      metadata: { tier: 'gold' },
    };
    const { id } = (await write(1, 'POST', '/customers', first)).json;
    const path = `/customers/${id}`;
    await write(2, 'PATCH', path, { email: null, metadata: { tier: 'ünï' } });
    await write(3, 'PATCH', path, { name: 'Ada "A"' });
    await write(4, 'PUT', path, { name: 'Grace', metadata: { tier: 'ünï' } });
    await write(5, 'DELETE', path);
    const whole = { line1: null, line2: null, region: null, postalCode: null, ...address };
    const deleted = [
      entry(4, 'deleted', 5, { deletedAt: [null, instant(5)] }),
      entry(3, 'replaced', 4, { name: ['Ada "A"', 'Grace'], address: [whole, null], tags: [['vip'], []] }),
      entry(2, 'updated', 2, {
        email: ['ada@example.com', null],
        metadata: [{ tier: 'gold' }, { tier: 'ünï' }],
      }),
      entry(1, 'created', 1, {
        type: [null, 'person'],
        name: [null, 'Ada "A"'],
        email: [null, 'ada@example.com'],
        address: [null, whole],
        status: [null, 'active'],
        tags: [[], ['vip']],
        metadata: [{}, { tier: 'gold' }],
      }),
    ];
    const { status, json, headers } = await history(id);
    assert.equal(status, 200);
    assert.deepEqual(json, { items: deleted, nextCursor: null, truncatedBefore: null });
    assert.equal(headers.get('cache-control'), 'no-store');
    await write(6, 'POST', `${path}/restore`);
    assert.deepEqual((await history(id)).json.items, [
      entry(5, 'restored', 6, { deletedAt: [instant(5), null] }),
      ...deleted,
    ]);
  });

  test('200 page by page, even while versions are added', async () => {
    const id = await customerWith(7);
    for (const limit of [1, 2, 3, 6, 7, 8]) {
      const seen: number[] = [];
      const newest = (await history(id, { limit: '1' })).json.items[0]?.version ?? 0;
      let path = `/customers/${id}/history?limit=${limit}`;
      for (let next: string | null = ''; next !== null; ) {
        const { json, headers } = await service.call<CustomerHistory>('GET', path);
        seen.push(...json.items.map(({ version }) => version));
        await service.call('PATCH', `/customers/${id}`, { body: { note: `${limit} ${seen.length}` } });
        next = json.nextCursor;
        path = /^<([^<>]+)>; rel="next"$/.exec(headers.get('link') ?? '')?.[1] ?? '';
        assert.equal(path === '', next === null, 'Link and nextCursor agree');
      }
      assert.deepEqual(
        seen,
        Array.from({ length: newest }, (_, index) => newest - index),
      );
    }
  });

  test('200 with the versions that retention kept, and the first version available', async () => {
    const id = await customerWith(4);
    const remove = (condition: string) =>
      execute(direct, `DELETE FROM changes WHERE customer_id = '${id}' AND ${condition}`);
    const versions = async () => {
      const { items, truncatedBefore } = (await history(id)).json;
      return { kept: items.map(({ version }) => version), truncatedBefore };
    };
    assert.deepEqual(await versions(), { kept: [4, 3, 2, 1], truncatedBefore: null });
    await remove('version < 3');
    assert.deepEqual(await versions(), { kept: [4, 3], truncatedBefore: 3 });
    assert.equal((await history(id, { limit: '1' })).json.truncatedBefore, 3);
    await remove('version > 0');
    assert.deepEqual(await versions(), { kept: [], truncatedBefore: 5 });
  });

  test('200 with redacted entries for an erased customer, even when no other trace of it is left', async () => {
    const id = await customerWith(2);
    await execute(direct, `UPDATE changes SET changes = NULL, image = NULL WHERE customer_id = '${id}'`);
    const { items } = (await history(id)).json;
    assert.deepEqual(
      items.map(({ version, kind, actor, changes, redacted }) => [version, kind, actor, changes, redacted]),
      [
        [2, 'updated', 'anonymous', null, true],
        [1, 'created', 'anonymous', null, true],
      ],
    );
    await execute(direct, `DELETE FROM customers WHERE id = '${id}'`);
    assert.deepEqual((await history(id)).json.items, items);
  });

  test('200 without a body for HEAD', async () => {
    const id = await customerWith(1);
    const { status, text } = await service.call('HEAD', `/customers/${id}/history`);
    assert.deepEqual([status, text], [200, '']);
  });

  test('400 for a malformed cursor, or one of another history or of a list', async () => {
    const [one, other] = [await customerWith(2), await customerWith(2)];
    const cursor = (await history(one, { limit: '1' })).json.nextCursor ?? '';
    const ofList = (await service.call<{ nextCursor: string }>('GET', '/customers?limit=1')).json.nextCursor;
    for (const [id, given] of [
      [other, cursor],
      [one, `${cursor}A`],
      [one, ofList],
    ] as const) {
      const { status, problem } = await history(id, { cursor: given });
      assert.deepEqual([status, problem.code], [400, 'invalid_cursor']);
    }
  });

  test('404 for an id that never existed', async () => {
    const { status, problem } = await history(unusedId);
    assert.deepEqual([status, problem.code], [404, 'customer_not_found']);
  });
});

function entry(version: number, kind: string, second: number, changes: Record<string, [unknown, unknown]>) {
  const named = Object.entries(changes).map(([name, [before, after]]) => [name, { before, after }]);
  return {
    version,
    kind,
    source: 'api',
    at: instant(second),
    actor: 'anonymous',
    requestId: `step-${second}`,
    changes: Object.fromEntries(named),
    redacted: false,
  };
}
