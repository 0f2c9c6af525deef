/** Content and order of a list. Parameter errors and paging have their own files. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { Customer, CustomerList } from '../../src/contract/types.ts';
import { suiteCleanup } from '../support/cleanup.ts';
import { describeEngines } from '../support/engines.ts';
import { startTestService, type TestService } from '../support/service.ts';

const day = '2026-03-14';
/** Milliseconds since 1970 for a time on the day of the tests. */
const at = (time: string) => Date.parse(`${day}T${time}Z`);

/** Created in this order, one minute apart from 09:00; `changed` is the time of a later update. */
const people = [
  { name: 'Zoë', email: 'zoe@example.com', phone: '+4311', tags: ['vip', 'Vip'], changed: '10:00:00.000' },
  { name: 'adam', externalId: 'crm:1', tags: ['vip'], status: 'inactive' },
  { name: 'Ádam', email: 'Adam@Example.com', type: 'organization', changed: '09:30:00.001' },
  { name: 'Émile', phone: '+4311', tags: ['a b'], type: 'organization', status: 'inactive' },
  { name: 'eve', externalId: 'CRM:1', tags: ['vip'], deleted: '11:00:00.000' },
  { name: 'Eve', email: 'e\u0301ve@example.com', tags: ['é'] },
  { name: 'émile', email: 'gone@example.com', phone: '+4311', deleted: '09:30:00.001' },
] as const;

/** Queries and the names they return, in order. The default sort is newest first. */
const finds: Readonly<Record<string, string>> = {
  '': 'Eve Émile Ádam adam Zoë',
  'includeDeleted=false': 'Eve Émile Ádam adam Zoë',
  'includeDeleted=true': 'émile Eve eve Émile Ádam adam Zoë',

  'email=zoe@example.com': 'Zoë',
  'email=ADAM@example.COM': 'Ádam',
  'email=%C3%A9ve@example.com': 'Eve',
  'email=%C3%89VE@example.com': 'Eve',
  'email=eve@example.com': '',
  'email=gone@example.com': '',
  'email=gone@example.com&includeDeleted=true': 'émile',
  'phone=%2B4311': 'Émile Zoë',
  'phone=%2B4311&includeDeleted=true': 'émile Émile Zoë',
  'externalId=crm:1': 'adam',
  'externalId=CRM:1': '',
  'externalId=CRM:1&includeDeleted=true': 'eve',
  'status=active': 'Eve Ádam Zoë',
  'status=inactive': 'Émile adam',
  'type=person': 'Eve adam Zoë',
  'type=organization': 'Émile Ádam',
  'tag=vip': 'adam Zoë',
  'tag=Vip': 'Zoë',
  'tag=vip&includeDeleted=true': 'eve adam Zoë',
  'tag=a%20b': 'Émile',
  'tag=a+b': 'Émile',
  'tag=e%CC%81': '',
  'tag=vi': '',

  'createdAfter=2026-03-14T09:03:00Z': 'Eve Émile',
  'createdAfter=2026-03-14T09:03:00.000000001Z': 'Eve',
  'createdAfter=2026-03-14T10:03:00%2B01:00': 'Eve Émile',
  'createdAfter=2026-03-14T04:03:00.0001-05:00': 'Eve',
  'createdAfter=2026-03-14T09:02:59.999999999Z': 'Eve Émile',
  'createdBefore=2026-03-14T09:01:00Z': 'Zoë',
  'createdBefore=2026-03-14T09:01:00.000000001Z': 'adam Zoë',
  'createdBefore=2026-03-14T14:31:00%2B05:30': 'Zoë',
  'createdAfter=2026-03-14T09:01:00Z&createdBefore=2026-03-14T09:02:00Z': 'adam',
  'createdAfter=2026-03-14T09:01:00Z&createdBefore=2026-03-14T09:01:00Z': '',
  'updatedAfter=2026-03-14T09:30:00.001Z': 'Ádam Zoë',
  'updatedAfter=2026-03-14T09:30:00.0010Z&includeDeleted=true': 'émile eve Ádam Zoë',
  'updatedAfter=2026-03-14T09:30:00.0011Z': 'Zoë',
  'updatedBefore=2026-03-14T09:30:00.001Z': 'Eve Émile adam',
  'updatedBefore=2026-03-14T09:30:00.001000001Z': 'Eve Émile Ádam adam',
  'createdAfter=0000-01-01T00:00:00Z&createdBefore=9999-12-31T23:59:59Z': 'Eve Émile Ádam adam Zoë',
  'createdBefore=9999-12-31T23:59:59.9999999Z': 'Eve Émile Ádam adam Zoë',
  'createdAfter=9999-12-31T23:59:59-23:59': '',
  'updatedBefore=9999-12-31T23:59:59-01:00': 'Eve Émile Ádam adam Zoë',
  'createdAfter=0000-01-01T00:00:00%2B23:59': 'Eve Émile Ádam adam Zoë',

  'status=inactive&type=organization': 'Émile',
  'tag=vip&status=active': 'Zoë',
  'phone=%2B4311&type=organization&createdAfter=2026-03-14T09:03:00Z': 'Émile',
  'email=zoe@example.com&status=inactive': '',
  'tag=vip&externalId=crm:1&phone=%2B4311': '',

  'sort=createdAt': 'Zoë adam Ádam Émile Eve',
  'sort=-createdAt': 'Eve Émile Ádam adam Zoë',
  'sort=updatedAt': 'adam Émile Eve Ádam Zoë',
  'sort=-updatedAt': 'Zoë Ádam Eve Émile adam',
  'sort=name': 'adam Ádam Émile Eve Zoë',
  'sort=-name': 'Zoë Eve Émile Ádam adam',
  'sort=name&includeDeleted=true': 'adam Ádam Émile émile eve Eve Zoë',
  'sort=updatedAt&includeDeleted=true&updatedAfter=2026-03-14T09:30:00.001Z': 'Ádam émile Zoë eve',
  'sort=createdAt&tag=vip&includeDeleted=true': 'Zoë adam eve',
  'sort=-name&tag=vip': 'Zoë adam',
  'sort=updatedAt&tag=vip': 'adam Zoë',
  'sort=name&status=active&type=person': 'Eve Zoë',
};

describeEngines('listCustomers', (engine) => {
  const cleanup = suiteCleanup();
  let service: TestService;
  let now = 0;
  const ids = new Map<string, string>();
  before(async () => {
    service = await startTestService(cleanup, { engine, clock: () => now });
    for (const [minute, { changed, deleted, ...body }] of (people as readonly Person[]).entries()) {
      now = at(`09:0${minute}:00.000`);
      const { json } = await service.call<Customer>('POST', '/customers', { body });
      ids.set(body.name, json.id);
      now = at(changed ?? deleted ?? '09:00:00.000');
      const path = `/customers/${json.id}`;
      if (changed) await service.call('PATCH', path, { body: { note: 'Changed' } });
      if (deleted) await service.call('DELETE', path);
    }
  });

  const list = (query: string) => service.call<CustomerList>('GET', `/customers?${query}`);
  const names = ({ items }: CustomerList) => items.map(({ name }) => name).join(' ');

  test('200 with the customers that match all filters, in the requested order', async (t) => {
    for (const [query, expected] of Object.entries(finds)) {
      const { status, json, headers } = await list(query);
      assert.equal(status, 200, query);
      assert.equal(names(json), expected, query);
      assert.equal(json.nextCursor, null, query);
      assert.equal(headers.get('link'), null, query);
    }
    t.diagnostic(`${Object.keys(finds).length} queries, 0 wrong`);
  });

  test('200 with each item as GET returns it', async () => {
    for (const item of (await list('')).json.items) {
      const { json } = await service.call('GET', `/customers/${item.id}`);
      assert.deepEqual(item, json);
    }
  });

  test('200 by id: those that exist, each once, at most 100', async () => {
    const unknown = '00000000-0000-4000-8000-000000000000';
    const of = (...wanted: string[]) => wanted.map((name) => ids.get(name) ?? unknown).join(',');
    const cases = [
      { query: `id=${of('adam')}`, expected: 'adam' },
      { query: `id=${of('adam', 'Zoë', 'nobody', 'adam')}`, expected: 'adam Zoë' },
      { query: `id=${of('Zoë', 'adam')}&sort=name`, expected: 'adam Zoë' },
      { query: `id=${encodeURIComponent(of('Zoë', 'adam'))}`, expected: 'adam Zoë' },
      { query: `id=${of('eve', 'Zoë')}`, expected: 'Zoë' },
      { query: `id=${of('eve', 'Zoë')}&includeDeleted=true`, expected: 'eve Zoë' },
      { query: `id=${of('adam', 'Zoë')}&status=inactive`, expected: 'adam' },
      { query: `id=${unknown}`, expected: '' },
      { query: `id=${of('adam', ...Array(99).fill('nobody'))}`, expected: 'adam' },
    ];
    for (const { query, expected } of cases) {
      const { status, json } = await list(query);
      assert.equal(status, 200, query);
      assert.equal(names(json), expected, query);
    }
  });

  test('200 with total and totalIsExact only when includeTotal is set', async () => {
    const cases = {
      '': 5,
      'includeDeleted=true&': 7,
      'tag=vip&': 2,
      'email=nobody@example.com&': 0,
      'limit=1&': 5,
    };
    for (const [query, total] of Object.entries(cases)) {
      const { json } = await list(`${query}includeTotal=true`);
      assert.deepEqual([json.total, json.totalIsExact], [total, true], query);
      for (const without of [query, `${query}includeTotal=false`]) {
        assert.deepEqual(Object.keys((await list(without)).json), ['items', 'nextCursor']);
      }
    }
  });
});

interface Person {
  readonly name: string;
  readonly changed?: string;
  readonly deleted?: string;
}
