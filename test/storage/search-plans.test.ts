/** The query plans on which the cost of a search depends. */
import assert from 'node:assert/strict';
import { before, describe, type TestContext, test } from 'node:test';
import type { ListFilters } from '../../src/domain/customer-store.ts';
import { createCursorCodec } from '../../src/storage/customers/cursors.ts';
import { createCustomerList } from '../../src/storage/customers/list.ts';
import type { Engine } from '../../src/storage/engine/engine.ts';
import { suiteCleanup } from '../support/cleanup.ts';
import type { EngineName } from '../support/engines.ts';
import { openStore } from './open-store.ts';
import { explain, recordReads, type Statement } from './statement-plans.ts';

const customersCount = 20_000;

interface Ran extends Statement {
  readonly plan: string;
}

describe('the plans of a search [sqlite]', () => {
  const search = searchesIn('sqlite');
  const walksIndex = /SCAN found VIRTUAL TABLE INDEX/;
  const sorts = /USE TEMP B-TREE FOR (ORDER BY|RIGHT)/;

  for (const [title, filters] of Object.entries({
    'a rare term': { q: 'seltener' },
    'a common term': { q: 'haufig' },
    'a term with filters': { q: 'haufig', status: 'active', type: 'person' },
    'a term with a tag': { q: 'haufig', tag: 'x' },
  } satisfies Record<string, ListFilters>)) {
    test(`${title}: reads the index in its own order, once and without sorting`, async (t) => {
      for (const descending of [true, false]) {
        const ran = await search(t, filters, { descending });
        assert.equal(ran.length, 1);
        assert.match(ran[0]?.plan ?? '', walksIndex);
        assert.doesNotMatch(ran[0]?.plan ?? '', sorts);
      }
    });
  }

  test('a further page starts where the last one ended', async (t) => {
    const [page] = await search(t, { q: 'haufig' }, { secondPage: true });
    // FTS5 shows by a letter that it received a bound on the rowid.
    assert.match(page?.plan ?? '', /VIRTUAL TABLE INDEX \d+:M0<|VIRTUAL TABLE INDEX \d+:.*[<>]/);
  });

  test('two characters: scans the texts in order and looks up each customer by number', async (t) => {
    const [page] = await search(t, { q: 'ha' });
    assert.match(page?.plan ?? '', /SCAN found\n.*SEARCH customers USING INTEGER PRIMARY KEY/);
    assert.doesNotMatch(page?.plan ?? '', sorts);
  });

  test('a filter by key is applied first', async (t) => {
    const [page] = await search(t, { q: 'haufig', phone: '+4930' });
    assert.match(page?.plan ?? '', /customers USING INDEX customers_phone/);
  });
});

describe('the plans of a search [postgres]', () => {
  const search = searchesIn('postgres');
  const usesTrigrams = /Bitmap Index Scan on customer_search_trigrams/;
  const walksTexts = /Index Scan (Backward )?using customer_search_pkey/;

  test('a common term: found in a short scan, which is the only statement', async (t) => {
    for (const descending of [true, false]) {
      const ran = await search(t, { q: 'haufig' }, { descending });
      assert.equal(ran.length, 1);
      assert.match(ran[0]?.plan ?? '', walksTexts);
      assert.doesNotMatch(ran[0]?.plan ?? '', usesTrigrams);
    }
  });

  test('a rare term: a short scan, then the index, which reads only the matches', async (t) => {
    // The last one became rare after the planner's statistics, by which a scan in order is worthwhile.
    for (const q of ['seltener', 'nirgends', 'vorbei']) {
      const [look, found, ...others] = await search(t, { q });
      assert.deepEqual(others, []);
      assert.ok(rowsRead(look) <= 1000);
      assert.match(found?.plan ?? '', usesTrigrams);
      assert.doesNotMatch(found?.plan ?? '', /customer_search_pkey|Seq Scan/);
    }
  });

  test('a term in between: a longer scan', async (t) => {
    const ran = await search(t, { q: 'mitunter' });
    assert.equal(ran.length, 2);
    for (const { plan } of ran) assert.match(plan, walksTexts);
    assert.ok(rowsRead(ran[1]) < 20_000);
  });

  test('a rare term is counted by the index too', async (t) => {
    const ran = await search(t, { q: 'seltener' }, { includeTotal: true });
    assert.match(ran.at(-1)?.plan ?? '', usesTrigrams);
  });

  test('two characters: scans the texts in order', async (t) => {
    const [page] = await search(t, { q: 'ha' });
    assert.match(page?.plan ?? '', walksTexts);
    assert.doesNotMatch(page?.plan ?? '', /Sort|Seq Scan/);
  });

  test('a filter by key is applied first', async (t) => {
    const [page] = await search(t, { q: 'haufig', phone: '+4930' });
    assert.match(page?.plan ?? '', /customers_phone/);
  });
});

/** A store with many customers; a tenth, one in two hundred and five of them contain a term. */
function searchesIn(name: EngineName) {
  const cleanup = suiteCleanup();
  let engine: Engine;
  before(async () => {
    ({ engine } = await openStore(cleanup, name));
    await fill(engine);
  });

  return async (
    context: TestContext,
    filters: ListFilters,
    { descending = true, includeTotal = false, secondPage = false } = {},
  ): Promise<Ran[]> => {
    const ran: Statement[] = [];
    const list = createCustomerList(recordReads(engine, ran), createCursorCodec(Buffer.alloc(32)));
    const query = { filters, sortKey: 'createdAt', descending, limit: 20, includeTotal } as const;
    const first = await list({ ...query, cursor: undefined });
    if (secondPage) {
      ran.length = 0;
      await list({ ...query, cursor: first.nextCursor ?? '' });
    }
    const explained = await Promise.all(
      ran.map(async (each) => ({ ...each, plan: await explain(engine, each, { analyze: true }) })),
    );
    context.diagnostic(`${JSON.stringify(filters)}: ${ran.length} statements`);
    return explained;
  };
}

/** How many texts PostgreSQL has read, according to its plan. */
function rowsRead(ran: Ran | undefined): number {
  const [, rows] = /customer_search_pkey[^\n]*rows=([\d.]+) loops/.exec(ran?.plan ?? '') ?? [];
  return Number(rows);
}

async function fill(engine: Engine): Promise<void> {
  const columns = [
    { name: 'id', type: 'uuid' },
    { name: 'text', type: 'text' },
  ] as const;
  const rows = Array.from({ length: customersCount }, (_, index) => ({
    id: `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`,
    text: [
      `name ${((index * 2_654_435_761) % 2 ** 32).toString(36)}`,
      ...(index % 10 === 3 ? ['haufig'] : []),
      ...(index % 200 === 7 ? ['mitunter'] : []),
      ...(index % 200 === 9 ? ['vorbei'] : []),
      ...(index % (customersCount / 5) === 11 ? ['seltener'] : []),
      `mail${index}@example.com`,
    ].join(' '),
  }));
  const records = engine.dialect.records(columns, 'added');
  const json = JSON.stringify(rows);
  await engine.transaction(async (session) => {
    await session.run(
      'INSERT INTO customers (id, type, name, status, tags, metadata, version, created_at, updated_at, name_key) ' +
        `SELECT id, 'person', text, 'active', '[]', '{}', 1, '2026', '2026', text FROM ${records}`,
      [json],
    );
    await session.run(
      'INSERT INTO customer_search (ordinal, text) SELECT customers.ordinal, added.text ' +
        `FROM ${records} JOIN customers ON customers.id = added.id`,
      [json],
    );
  });
  if (engine.dialect.name === 'sqlite') return;
  // PostgreSQL does this by itself eventually; SQLite does not.
  await engine.transaction((session) => session.run('ANALYZE', []));
  const change =
    "UPDATE customer_search SET text = replace(text, 'vorbei', 'danach') WHERE text LIKE '%vorbei%'";
  await engine.transaction((session) => session.run(change, []));
}
