/**
 * Every sort, and every equality filter in the default order, uses an index in order, without a table scan or
 * a sort. Other combinations are bounded only by the request's deadline.
 *
 * Planted, and each failed: no `customers_phone` (a scan in the default order), `customers_name` without `id`
 * (a sort), a bare `LIMIT ?` (compiled again for each value).
 */
import assert from 'node:assert/strict';
import { before, type TestContext, test } from 'node:test';
import type { ListFilters, ListQuery, SortKey } from '../../src/domain/customer-store.ts';
import { createCursorCodec } from '../../src/storage/customers/cursors.ts';
import { createCustomerList } from '../../src/storage/customers/list.ts';
import type { Engine } from '../../src/storage/engine/engine.ts';
import { suiteCleanup } from '../support/cleanup.ts';
import { describeEngines, type EngineName } from '../support/engines.ts';
import { openStore } from './open-store.ts';
import { explain, recordReads, type Statement } from './statement-plans.ts';

/** Enough rows for PostgreSQL to choose an index. */
const customersCount = 20_000;

const sorts: readonly SortKey[] = ['createdAt', 'updatedAt', 'name'];

const indexOfSort: Readonly<Record<SortKey, string>> = {
  createdAt: 'customers_created',
  updatedAt: 'customers_updated',
  name: 'customers_name',
};

/** Each equality filter with its index, in the default order where it matches many. */
const equalityFilters: readonly (readonly [ListFilters, RegExp])[] = [
  [{ id: ['00000000-0000-4000-8000-000000000007'] }, /sqlite_autoindex_customers_1|customers_id_key/],
  [{ email: 'mail7@example.com' }, /customers_email_unique/],
  [{ externalId: 'external-7' }, /customers_external_id_unique/],
  [{ phone: '+497' }, /customers_phone/],
  [{ status: 'inactive' }, /customers_status|customers_created/],
  [{ status: 'active' }, /customers_status|customers_created/],
  [{ type: 'organization' }, /customers_type|customers_created/],
  [{ tag: 'rare' }, /customer_tags_pkey|sqlite_autoindex_customer_tags_1/],
  [{ tag: 'common' }, /customer_tags_pkey|sqlite_autoindex_customer_tags_1/],
];

/** These match at most one customer per value, so there is nothing to sort. */
const uniqueFilters = ['id', 'email', 'externalId'];

/**
 * Two pages of each sort in both directions; each filter with and without deleted customers if both have an
 * index.
 */
const plansExpected = sorts.length * 2 * 2 + equalityFilters.length * 2 - 2;

describeEngines('the plans of a list', (name) => {
  const statementsOf = listsIn(name);
  let count = 0;

  for (const sortKey of sorts) {
    for (const descending of [true, false]) {
      test(`sort=${descending ? '-' : ''}${sortKey}: uses its index, for the first page and the next`, async (t) => {
        const statements = await statementsOf(t, { sortKey, descending, filters: {} });
        assert.equal(statements.length, 2);
        for (const plan of statements) {
          assert.match(plan, new RegExp(indexOfSort[sortKey]));
          assertNeitherScansNorSorts(plan);
          count += 1;
        }
      });
    }
  }

  for (const [filters, index] of equalityFilters) {
    test(`${JSON.stringify(filters)}: uses its index in the default order`, async (t) => {
      for (const includeDeleted of [false, true]) {
        const narrowed = { ...filters, includeDeleted };
        // Unique among live customers only: there is no index that includes deleted ones.
        if (includeDeleted && (filters.email || filters.externalId)) continue;
        const [plan = ''] = await statementsOf(t, {
          sortKey: 'createdAt',
          descending: true,
          filters: narrowed,
        });
        assert.match(plan, index);
        assertNeitherScansNorSorts(
          plan,
          uniqueFilters.some((filter) => filter in filters),
        );
        count += 1;
      }
    });
  }

  test('each sort and each filter was explained', () => assert.equal(count, plansExpected));
});

/** @param few allows sorting, because only a handful of rows match. */
function assertNeitherScansNorSorts(plan: string, few = false): void {
  // SQLite also says SCAN for the materialized page, for JSON and for an index read in order.
  assert.doesNotMatch(plan, /SCAN (customers|tagged|customer_tags)(?! USING (COVERING )?INDEX)/);
  assert.doesNotMatch(plan, /Seq Scan/);
  if (!few) assert.doesNotMatch(plan, /USE TEMP B-TREE FOR .*ORDER BY|^ *(-> +)?(Incremental )?Sort /m);
}

/** Fills a store, and returns the plans of a list's first page and of its next one if there is one. */
function listsIn(name: EngineName) {
  const cleanup = suiteCleanup();
  let engine: Engine;
  before(async () => {
    ({ engine } = await openStore(cleanup, name));
    await fill(engine);
  });
  return async (
    t: TestContext,
    query: Pick<ListQuery, 'sortKey' | 'descending' | 'filters'>,
  ): Promise<readonly string[]> => {
    const ran: Statement[] = [];
    const list = createCustomerList(recordReads(engine, ran), createCursorCodec(Buffer.alloc(32)));
    const whole = { ...query, limit: 20, includeTotal: false };
    const first = await list({ ...whole, cursor: undefined });
    if (first.nextCursor !== null) await list({ ...whole, cursor: first.nextCursor });
    for (const { sql } of ran) assert.doesNotMatch(sql, /LIMIT \?/, 'SQLite compiles it again each time');
    const plans = await Promise.all(ran.map((statement) => explain(engine, statement)));
    if (process.env.TEST_SHOW_PLANS) t.diagnostic(plans.join('\n'));
    return plans;
  };
}

async function fill(engine: Engine): Promise<void> {
  const { dialect } = engine;
  const columns = [
    { name: 'id', type: 'uuid' },
    { name: 'number', type: 'integer' },
  ] as const;
  const records = dialect.records(columns, 'added');
  const rows = Array.from({ length: customersCount }, (_, number) => ({
    id: `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`,
    number,
  }));
  const time = "'2026-' || CAST(10000000 + number AS text)";
  await engine.transaction(async (session) => {
    await session.run(
      'INSERT INTO customers (id, type, name, email, email_key, external_id, phone, status, tags, metadata, version, ' +
        'created_at, updated_at, name_key) ' +
        "SELECT id, CASE WHEN number % 5 = 0 THEN 'organization' ELSE 'person' END, 'name', " +
        "'mail' || number || '@example.com', 'mail' || number || '@example.com', 'external-' || number, " +
        "'+49' || number % 25, CASE WHEN number % 20 = 7 THEN 'inactive' ELSE 'active' END, '[]', '{}', 1, " +
        `${time}, ${time}, CAST(number % 977 AS text) FROM ${records}`,
      [JSON.stringify(rows)],
    );
    const tags = (tag: string, condition: string) =>
      session.run(
        'INSERT INTO customer_tags (tag, created_at, ordinal) ' +
          `SELECT '${tag}', created_at, ordinal FROM customers WHERE ${condition}`,
        [],
      );
    await tags('common', 'ordinal % 3 = 0');
    await tags('rare', 'ordinal % 1000 = 0');
  });
  if (dialect.name === 'postgres') await engine.transaction((session) => session.run('ANALYZE', []));
}
