/** Invalid list parameters and the limits of valid ones. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { suiteCleanup } from '../support/cleanup.ts';
import { describeEngines } from '../support/engines.ts';
import { startTestService, type TestService } from '../support/service.ts';

/** Invalid queries, each with the parameter at fault. */
const refusals: readonly (readonly [query: string, parameter: string])[] = [
  ...[
    '0',
    '-1',
    '101',
    '0x10',
    '1e1',
    '%205',
    '5%20',
    '+5',
    '%2B5',
    '1.0',
    '1.5',
    '01',
    '',
    'ten',
    'NaN',
  ].map((value) => [`limit=${value}`, 'limit'] as const),
  ...['9'.repeat(30), 'null', '%D9%A1'].map((value) => [`limit=${value}`, 'limit'] as const),
  ...['', 'Name', '+name', '--name', 'email', 'name,createdAt'].map(
    (value) => [`sort=${value}`, 'sort'] as const,
  ),
  ...['', 'a', 'a%20b@c.d', 'a+b@c.d', `${'x'.repeat(251)}@b.c`].map(
    (value) => [`email=${value}`, 'email'] as const,
  ),
  ...['', '+4311', '4311', '%2B1'].map((value) => [`phone=${value}`, 'phone'] as const),
  ...['', 'a%20b', 'x'.repeat(257)].map((value) => [`externalId=${value}`, 'externalId'] as const),
  ...['', 'Active', 'deleted', 'active,inactive'].map((value) => [`status=${value}`, 'status'] as const),
  ...['', 'Person'].map((value) => [`type=${value}`, 'type'] as const),
  ...['', 'x'.repeat(101)].map((value) => [`tag=${value}`, 'tag'] as const),
  ...['', '1', 'TRUE', 'yes'].map((value) => [`includeDeleted=${value}`, 'includeDeleted'] as const),
  ...['', '0', 'on'].map((value) => [`includeTotal=${value}`, 'includeTotal'] as const),
  ...['createdAfter', 'createdBefore', 'updatedAfter', 'updatedBefore'].flatMap((name) =>
    [
      ...['', '2026', '2026-03-14', '2026-03-14T09:00:00', '2026-03-14 09:00:00Z', '1773478800000', 'now'],
      ...['2026-02-29T00:00:00Z', '2026-04-31T00:00:00Z', '2026-13-01T00:00:00Z', '2026-03-14T24:00:00Z'],
      ...[
        '2026-03-14T23:59:60Z',
        '2026-03-14T09:00:00+01:00',
        '2026-03-14T09:00:00%2B0100',
        '2026-3-14T09:00:00Z',
      ],
    ].map((value) => [`${name}=${value}`, name] as const),
  ),
  ...['', 'x', '01A0', '0198c5a2-7c1e-7b3a-9d42-5e1f0a6b8c37,', '0198C5A2-7C1E-7B3A-9D42-5E1F0A6B8C37'].map(
    (value) => [`id=${value}`, 'id'] as const,
  ),
  [`id=${Array(101).fill('0198c5a2-7c1e-7b3a-9d42-5e1f0a6b8c37').join(',')}`, 'id'],
  ['status=active&status=inactive', 'status'],
  ['limit=1&limit=2', 'limit'],
  ['x=1', 'x'],
  ['Limit=1', 'Limit'],
  ['offset=10', 'offset'],
  ['tag[]=a', 'tag[]'],
  ['tag[x]=a', 'tag[x]'],
  ['__proto__=1', '__proto__'],
  ['constructor=1', 'constructor'],
  ['status=active&hasOwnProperty=1', 'hasOwnProperty'],
  ['q', 'q'],
];

describeEngines('listCustomers parameters', (engine) => {
  const cleanup = suiteCleanup();
  let service: TestService;
  before(async () => {
    service = await startTestService(cleanup, { engine });
  });
  const list = (query: string) => service.call('GET', `/customers?${query}`);

  test('400 names the invalid parameter', async (t) => {
    for (const [query, parameter] of refusals) {
      const { status, problem } = await list(query);
      assert.deepEqual([status, problem.code], [400, 'invalid_request'], query);
      const named = problem.errors?.map((error) => error.parameter);
      assert.ok(
        named?.every((name) => name === parameter),
        `${query}: ${named}`,
      );
    }
    t.diagnostic(`${refusals.length} queries, 0 wrong`);
  });

  test('400 suggests %2B when a + arrived as a space', async () => {
    for (const query of ['createdAfter=2026-03-14T09:00:00+01:00', 'phone=+4311', 'email=a+b@example.com']) {
      const { status, problem } = await list(query);
      assert.equal(status, 400);
      assert.match(problem.errors?.[0]?.detail ?? '', /%2B/, query);
    }
    const { problem } = await list('createdAfter=2026-03-14T25:00:00Z');
    assert.doesNotMatch(problem.errors?.[0]?.detail ?? '', /%2B/);
  });

  test('200 at the limits of each parameter', async () => {
    const id = '0198c5a2-7c1e-7b3a-9d42-5e1f0a6b8c37';
    const accepted = [
      ...['limit=1', 'limit=100', `id=${Array(100).fill(id).join(',')}`],
      ...[`email=${'x'.repeat(250)}@b.c`, 'phone=%2B12', 'phone=%2B123456789012345'],
      ...[`externalId=${'x'.repeat(256)}`, `tag=${'x'.repeat(100)}`, `tag=${'%F0%9F%98%80'.repeat(100)}`],
      ...['createdAfter=2024-02-29T00:00:00Z', 'updatedBefore=2026-03-14T09:00:00.123456789-23:59'],
      ...['createdBefore=2026-12-31T23:59:59Z', 'includeDeleted=false', 'includeTotal=false'],
    ];
    for (const query of accepted) assert.equal((await list(query)).status, 200, query);
  });
});
