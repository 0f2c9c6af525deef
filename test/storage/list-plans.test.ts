/**
 * How the databases find a page: each sort, and each equality filter with the default sort, by an index that has the
 * order already, without a scan of the table and without sorting. Other combinations are bounded by the request's
 * deadline.
 *
 * Planted bugs that this found: no `customers_phone` (a walk through all in the default order), `customers_name`
 * without `id` (a sort), a bare `LIMIT ?` (compiled anew for each value bound).
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

/** So many that PostgreSQL takes an index by itself. */
const customersCount = 20_000;

const sorts: readonly SortKey[] = ['createdAt', 'updatedAt', 'name'];

const indexOfSort: Readonly<Record<SortKey, string>> = {
  createdAt: 'customers_created',
  updatedAt: 'customers_updated',
  name: 'customers_name',
};

/** Each equality filter with the index that finds what it leaves, in the default order where that is many. */
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

/** These leave one customer for each value: nothing is there to be sorted but what is found. */
const uniqueFilters = ['id', 'email', 'externalId'];

/** Two pages of each sort in both directions; each filter with and without deleted customers where both have an index. */
const plansExpected = sorts.length * 2 * 2 + equalityFilters.length * 2 - 2;

describeEngines('the plans of a list', (name) => {
  const statementsOf = listsIn(name);
  let count = 0;

  for (const sortKey of sorts) {
    for (const descending of [true, false]) {
      test(`sort=${descending ? '-' : ''}${sortKey}: its index, first page and next`, async (t) => {
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
    test(`${JSON.stringify(filters)}: its index in the default order`, async (t) => {
      for (const includeDeleted of [false, true]) {
        const narrowed = { ...filters, includeDeleted };
        // Unique among live customers only: with the deleted ones there is no index of one's own.
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

/** @param few whether sorting is allowed: what is found is a handful at most. */
function assertNeitherScansNorSorts(plan: string, few = false): void {
  // SQLite says SCAN also of the page that it has kept, of JSON, and of an index that it walks in order.
  assert.doesNotMatch(plan, /SCAN (customers|tagged|customer_tags)(?! USING (COVERING )?INDEX)/);
  assert.doesNotMatch(plan, /Seq Scan/);
  if (!few) assert.doesNotMatch(plan, /USE TEMP B-TREE FOR .*ORDER BY|^ *(-> +)?(Incremental )?Sort /m);
}

/** Fills a store, and tells the plans of what a list of it runs: of the first page, and of the next if there is one. */
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
    for (const { sql } of ran) assert.doesNotMatch(sql, /LIMIT \?/, 'SQLite compiles it anew each time');
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
