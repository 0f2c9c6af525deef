import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { ChangePage, Customer } from '../../src/contract/types.ts';
import type { Engine } from '../../src/storage/engine/engine.ts';
import { execute, openDirectly } from '../storage/direct-engine.ts';
import { suiteCleanup } from '../support/cleanup.ts';
import { describeEngines } from '../support/engines.ts';
import { startTestService, type TestService } from '../support/service.ts';

const at = '2026-03-14T09:26:53.589Z';

describeEngines('listChanges', (engine) => {
  const cleanup = suiteCleanup();
  let service: TestService;
  let direct: Engine;
  before(async () => {
    service = await startTestService(cleanup, { engine, clock: () => Date.parse(at) });
    direct = openDirectly(cleanup, service.databaseUrl);
  });

  const page = async (query: Record<string, string | number> = {}) =>
    (await service.call<ChangePage>('GET', '/changes', { query })).json;
  const positions = ({ items }: ChangePage) => items.map(({ id }) => Number(id));

  test('200 with an empty page and the position to continue from, before the first change', async () => {
    for (const query of [{}, { after: '0' }, { after: 'latest' }]) {
      assert.deepEqual(await page(query), { items: [], next: '0' });
    }
  });

  test('200 with each change as a CloudEvent, in commit order', async () => {
    const body = { name: 'Ada', email: 'ada@example.com', tags: ['vip'] };
    const created = await service.call<Customer>('POST', '/customers', { body });
    const path = `/customers/${created.json.id}`;
    const updated = await service.call<Customer>('PATCH', path, { body: { email: null } });
    const deleted = await service.call('DELETE', path);
    const { items, next } = await page();
    const positions = [created, updated, deleted].map(({ headers }) => headers.get('feed-position'));
    assert.deepEqual(positions, ['1', '2', '3']);
    assert.equal(next, '3');
    const common = { specversion: '1.0', source: '/customers', subject: created.json.id, time: at };
    const eventOf = (position: number, kind: string, customer: Customer, changes: object) => ({
      ...{ ...common, id: `${position}`, sequence: `000000000000000000${position}` },
      ...{ type: `customer.${kind}`, datacontenttype: 'application/json', data: { customer, changes } },
    });
    const gone = { ...updated.json, version: 3, etag: '"3"', deletedAt: at };
    assert.deepEqual(items, [
      eventOf(1, 'created', created.json, {
        type: { before: null, after: 'person' },
        name: { before: null, after: 'Ada' },
        email: { before: null, after: 'ada@example.com' },
        status: { before: null, after: 'active' },
        tags: { before: [], after: ['vip'] },
      }),
      eventOf(2, 'updated', updated.json, { email: { before: 'ada@example.com', after: null } }),
      eventOf(3, 'deleted', gone, { deletedAt: { before: null, after: at } }),
    ]);
    assert.equal(
      JSON.stringify(items[0]?.data?.customer),
      created.text,
      'the snapshot has the same bytes as the response',
    );
  });

  test('200 from a position, page by page, to the end', async () => {
    for (let count = 4; count <= 9; count++) {
      await service.call('POST', '/customers', { body: { name: `Customer ${count}` } });
    }
    for (const limit of [1, 2, 4, 8, 9, 100]) {
      const seen: number[] = [];
      let next = '0';
      // Bounded, so that a paging loop cannot run forever.
      for (let read = limit; read === limit && seen.length <= 9; ) {
        const { items, next: reached } = await page({ after: next, limit });
        assert.equal(reached, items.at(-1)?.id ?? next);
        seen.push(...items.map(({ id }) => Number(id)));
        read = items.length;
        next = reached;
      }
      assert.deepEqual(seen, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
    }
    assert.deepEqual(await page({ after: 'latest' }), { items: [], next: '9' });
    assert.deepEqual(await page({ after: '0009' }), { items: [], next: '9' });
    assert.deepEqual(positions(await page({ after: '7' })), [8, 9]);
  });

  test('200 after the Feed-Position of a write returns only later changes', async () => {
    const write = (name: string) => service.call<Customer>('POST', '/customers', { body: { name } });
    const after = (await write('before')).headers.get('feed-position') ?? '';
    const { json } = await write('after');
    const { items } = await page({ after });
    assert.deepEqual(
      items.map(({ subject }) => subject),
      [json.id],
    );
  });

  test('200 without a body for HEAD, also when it asks for a stream', async () => {
    for (const accept of ['application/json', 'text/event-stream']) {
      const { status, headers, text } = await service.call('HEAD', '/changes', { headers: { accept } });
      assert.deepEqual([status, text, headers.get('content-type')], [200, '', accept]);
    }
    const { text } = await service.call('GET', '/metrics');
    assert.match(text, /^feed_streams_open 0$/m);
  });

  test('200 without data for the changes of an erased customer', async () => {
    await execute(direct, 'UPDATE changes SET changes = NULL, image = NULL WHERE position <= 2');
    const { items } = await page({ limit: 3 });
    assert.deepEqual(
      items.map(({ data }) => data === null),
      [true, true, false],
    );
  });

  test('400 for a position ahead of the feed, as after restoring a backup', async () => {
    const { next } = await page({ after: 'latest' });
    for (const after of [String(Number(next) + 1), '9223372036854775807', '9999999999999999999']) {
      for (const accept of ['application/json', 'text/event-stream']) {
        const { status, problem } = await service.call('GET', `/changes?after=${after}`, {
          headers: { accept },
        });
        assert.deepEqual([status, problem.code], [400, 'feed_position_ahead'], after);
        assert.equal(problem.errors?.[0]?.parameter, 'after');
      }
    }
  });

  test('400 for an invalid position or limit', async () => {
    for (const query of [
      'after=',
      'after=-1',
      'after=LATEST',
      'after=1.5',
      'limit=0',
      'limit=101',
      'from=1',
    ]) {
      const { status, problem } = await service.call('GET', `/changes?${query}`);
      assert.deepEqual([status, problem.code], [400, 'invalid_request'], query);
    }
  });

  test('410 for a position below the horizon; without a position the feed starts at the horizon', async () => {
    await execute(direct, 'UPDATE feed_head SET horizon = 4', 'DELETE FROM changes WHERE position <= 4');
    for (const after of ['0', '3']) {
      for (const headers of [{}, { accept: 'text/event-stream' }]) {
        const { status, problem } = await service.call('GET', `/changes?after=${after}`, { headers });
        assert.deepEqual([status, problem.code], [410, 'feed_position_gone']);
        assert.match(problem.detail, /read all customers again/);
      }
    }
    assert.deepEqual(positions(await page({ after: '4', limit: 2 })), [5, 6]);
    assert.deepEqual(positions(await page({ limit: 2 })), [5, 6]);
    const { json } = await service.call<{ items: Customer[] }>('GET', '/customers?sort=createdAt&limit=1');
    const unchanged = await service.call('PATCH', `/customers/${json.items[0]?.id}`, { body: {} });
    const position = unchanged.headers.get('feed-position') ?? '';
    assert.equal(
      position,
      '4',
      'its change is removed, but the position of a write must remain valid to follow from',
    );
    assert.deepEqual(positions(await page({ after: position, limit: 1 })), [5]);
    // Also when retention has raised the horizon but not yet removed the rows.
    await execute(direct, 'UPDATE feed_head SET horizon = 6');
    assert.deepEqual(positions(await page({ limit: 1 })), [7]);
  });
});
