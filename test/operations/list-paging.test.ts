import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { Customer, CustomerList } from '../../src/contract/types.ts';
import { suiteCleanup } from '../support/cleanup.ts';
import { describeEngines } from '../support/engines.ts';
import { startTestService, type TestService } from '../support/service.ts';

const sorts = ['createdAt', '-createdAt', 'updatedAt', '-updatedAt', 'name', '-name'];
const size = 25;

describeEngines('list paging', (engine) => {
  const cleanup = suiteCleanup();
  let service: TestService;
  let now = Date.parse('2026-03-14T09:00:00Z');
  before(async () => {
    service = await startTestService(cleanup, { engine, clock: () => now });
    for (let index = 0; index < size; index++) {
      // Many share a time or a name, so only the tie-break orders them.
      if (index % 5 === 0) now += 1000;
      const body = { name: `Name ${index % 3}`, tags: index % 2 ? ['odd'] : ['even'] };
      await service.call('POST', '/customers', { body });
    }
  });

  const list = (query: string, headers: Record<string, string> = {}) =>
    service.call<CustomerList>('GET', `/customers?${query}`, { headers });
  const idsOf = (items: readonly Customer[]) => items.map(({ id }) => id);

  /** Fetches all pages of a query by following Link, and checks that Link and nextCursor agree. */
  async function walk(query: string, on = service, betweenPages = async () => {}) {
    const pages: Customer[][] = [];
    let path = `/customers?${query}`;
    // Bounded, so that a paging loop cannot run forever.
    while (pages.length <= 3 * size) {
      const { json, headers } = await on.call<CustomerList>('GET', path);
      pages.push(json.items);
      const link = headers.get('link');
      if (json.nextCursor === null) {
        assert.equal(link, null);
        return pages;
      }
      const target = /^<([^<>]+)>; rel="next"$/.exec(link ?? '')?.[1] ?? '';
      const next = new URL(target, on.url);
      assert.deepEqual(next.searchParams.getAll('cursor'), [json.nextCursor]);
      next.searchParams.delete('cursor');
      assert.deepEqual([...next.searchParams], [...new URLSearchParams(query)], 'Link keeps the query');
      path = target;
      await betweenPages();
    }
    throw new Error(`${query} has no last page`);
  }

  for (const sort of sorts) {
    test(`200 page by page in the order of ${sort}, to the end`, async () => {
      for (const filter of ['', '&tag=odd', '&status=active&includeTotal=true']) {
        const whole = (await list(`sort=${sort}&limit=100${filter}`)).json.items;
        assert.equal(whole.length, filter === '&tag=odd' ? 12 : size);
        for (const limit of [1, 4, 5, whole.length - 1, whole.length, whole.length + 1]) {
          const pages = await walk(`sort=${sort}&limit=${limit}${filter}`);
          assert.deepEqual(idsOf(pages.flat()), idsOf(whole), `limit ${limit}${filter}`);
          assert.equal(pages.length, Math.ceil(whole.length / limit), `limit ${limit}${filter}`);
          assert.ok(pages.slice(0, -1).every(({ length }) => length === limit));
        }
      }
    });
  }

  test('200 with 20 items without a limit', async () => {
    const { json } = await list('');
    assert.equal(json.items.length, 20);
    assert.deepEqual(json, (await list('limit=20&sort=-createdAt')).json);
  });

  test('200 with a Link that keeps percent-encoded values', async () => {
    const tag = 'a&b=c +%<>"é;,/?#';
    for (let count = 0; count < 2; count++) {
      await service.call('POST', '/customers', { body: { name: 'Encoded', tags: [tag] } });
    }
    const pages = await walk(`limit=1&${new URLSearchParams({ tag })}`);
    assert.equal(pages.flat().length, 2);
  });

  test('200 neither skips nor repeats a customer while others are added and removed', async () => {
    for (const sort of sorts) {
      const before = idsOf((await list(`sort=${sort}&limit=100`)).json.items);
      const guests: string[] = [];
      const churn = async () => {
        const body = { name: `Name ${guests.length % 3}` };
        const { json } = await service.call<Customer>('POST', '/customers', { body });
        guests.push(json.id);
        if (guests.length > 1) await service.call('DELETE', `/customers/${guests[guests.length - 2]}`);
      };
      const seen = idsOf((await walk(`sort=${sort}&limit=4`, service, churn)).flat());
      assert.equal(new Set(seen).size, seen.length, `${sort} repeats`);
      assert.deepEqual(
        seen.filter((id) => !guests.includes(id)),
        before,
        `${sort} skips`,
      );
      for (const id of guests) await service.call('DELETE', `/customers/${id}`);
    }
  });

  test('200 continues when the last customer of a page was deleted or now sorts elsewhere', async () => {
    const made: string[] = [];
    for (const name of ['P1', 'P2', 'P3', 'P4']) {
      const { json } = await service.call<Customer>('POST', '/customers', { body: { name, tags: ['p'] } });
      made.push(json.id);
    }
    const first = (await list('tag=p&sort=name&limit=2')).json;
    await service.call('DELETE', `/customers/${made[1]}`);
    await service.call('PATCH', `/customers/${made[0]}`, { body: { name: 'P0' } });
    const second = (await list(`tag=p&sort=name&limit=2&cursor=${first.nextCursor}`)).json;
    assert.deepEqual(idsOf(second.items), made.slice(2));
    assert.equal(second.nextCursor, null);
  });

  test('200 with a cursor of the same query under another limit, includeTotal or parameter order', async () => {
    const { nextCursor } = (await list('sort=name&tag=odd&limit=3')).json;
    const rest = (await list(`sort=name&tag=odd&limit=100&cursor=${nextCursor}`)).json.items;
    assert.equal(rest.length, 9);
    for (const query of ['tag=odd&sort=name', 'sort=name&tag=odd&includeTotal=true']) {
      const { status, json } = await list(`cursor=${nextCursor}&limit=100&${query}`);
      assert.equal(status, 200);
      assert.deepEqual(json.items, rest);
    }
  });

  test('400 with a cursor of another query', async () => {
    const { nextCursor } = (await list('sort=name&tag=odd&limit=3')).json;
    const others = [
      '',
      'sort=name',
      'tag=odd',
      'sort=-name&tag=odd',
      'sort=createdAt&tag=odd',
      'sort=name&tag=even',
    ];
    const narrower = [
      'status=active',
      'includeDeleted=true',
      'createdAfter=2026-01-01T00:00:00Z',
      'type=person',
    ];
    for (const query of [...others, ...narrower.map((more) => `sort=name&tag=odd&${more}`)]) {
      const { status, problem } = await list(`${query}&cursor=${nextCursor}`);
      assert.deepEqual([status, problem.code], [400, 'invalid_cursor'], query);
      assert.equal(problem.errors?.[0]?.parameter, 'cursor');
    }
  });

  test('400 with a malformed cursor, or one of another database', async (t) => {
    const cursor = String((await list('limit=3')).json.nextCursor);
    const other = await startTestService(t, { engine, clock: () => now });
    for (let count = 0; count < 2; count++) await other.call('POST', '/customers', { body: { name: 'x' } });
    const foreign = (await other.call<CustomerList>('GET', '/customers?limit=1')).json.nextCursor;
    const flipped = [...cursor].map((letter, place) =>
      cursor.slice(0, place).concat(letter === 'A' ? 'B' : 'A', cursor.slice(place + 1)),
    );
    const broken = [
      cursor.slice(1),
      cursor.slice(0, -1),
      `${cursor}A`,
      `${cursor}=`,
      `${cursor}%20`,
      `+${cursor}`,
    ];
    const nonsense = [
      'x',
      'null',
      '0',
      'AAAA',
      'A'.repeat(2048),
      '%F0%9F%98%80',
      cursor.toUpperCase(),
      String(foreign),
    ];
    const tried = [...flipped, ...broken, ...nonsense];
    for (const value of tried) {
      const { status, problem } = await list(`limit=3&cursor=${value}`);
      assert.deepEqual([status, problem.code], [400, 'invalid_cursor'], value);
    }
    for (const value of ['', 'A'.repeat(2049)]) {
      assert.deepEqual((await list(`limit=3&cursor=${value}`)).status, 400);
    }
    assert.equal((await list(`limit=3&cursor=${cursor}`)).status, 200);
    t.diagnostic(`${tried.length} malformed cursors, 0 accepted`);
  });

  test('200 with a cursor that does not reveal names', async () => {
    const { nextCursor } = (await list('sort=name&limit=3')).json;
    const bytes = Buffer.from(String(nextCursor), 'base64url').toString('latin1').toLowerCase();
    assert.ok(!bytes.includes('name'), bytes);
  });

  test('304 when If-None-Match contains the ETag of the same page, 200 as soon as it changes', async () => {
    const query = 'sort=name&limit=3&includeTotal=true&tag=odd';
    const first = await list(query);
    const etag = first.headers.get('etag') ?? '';
    assert.match(etag, /^"[A-Za-z0-9_-]+"$/);
    assert.equal(first.headers.get('cache-control'), 'private, no-cache');
    for (const value of [etag, `W/${etag}`, `"1", ${etag}`, '*']) {
      const { status, headers, text } = await list(query, { 'If-None-Match': value });
      assert.deepEqual([status, text, headers.get('etag')], [304, '', etag], value);
      assert.equal(headers.get('cache-control'), 'private, no-cache');
    }
    assert.equal((await list(`${query}&status=inactive`, { 'If-None-Match': etag })).status, 200);
    const path = `/customers/${first.json.items[0]?.id}`;
    await service.call('PATCH', path, { body: { note: 'Changes the page' } });
    const changed = await list(query, { 'If-None-Match': etag });
    assert.equal(changed.status, 200);
    assert.notEqual(changed.headers.get('etag'), etag);
  });

  test('400 when If-None-Match is malformed', async () => {
    for (const value of ['1', '"1', '', 'W/1', '*, "1"']) {
      const { status, problem } = await list('', { 'If-None-Match': value });
      assert.deepEqual([status, problem.code], [400, 'malformed_request'], value);
    }
  });
});
