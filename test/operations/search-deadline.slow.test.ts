/** A search that no index can answer ends at the request's deadline and suggests a narrower query. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Engine } from '../../src/storage/engine/engine.ts';
import { openDirectly } from '../storage/direct-engine.ts';
import { describeEngines } from '../support/engines.ts';
import { startTestService } from '../support/service.ts';

const timeoutMs = 300;
const attemptsMax = 50;
const textsCount = 2000;
/** Much longer than a real customer's text, so that few rows take as long to scan as millions. */
const textLength = 200_000;

describeEngines('the deadline of a search', (engine) => {
  test('503 search_too_broad before the deadline, and the service stays available', async (t) => {
    const environment = { REQUEST_TIMEOUT_MS: String(timeoutMs) };
    const service = await startTestService(t, { engine, environment });
    const list = (query: Record<string, string | boolean>) =>
      service.call<{ items: unknown[] }>('GET', '/customers', { query });
    await fill(openDirectly(t, service.databaseUrl));

    /** A busy machine may make even a fast search time out, but not every time. */
    async function foundInTime(query: Record<string, string>): Promise<number> {
      for (let attempt = 1; ; attempt++) {
        const { status, json } = await list(query);
        if (status === 200) return json.items.length;
        assert.ok(attempt < attemptsMax, `${JSON.stringify(query)}: ${status}, ${attempt} times`);
      }
    }

    const tries = [{ q: 'ab' }, { q: 'aë' }, { q: 'ab', sort: 'createdAt' }, { q: 'ab', includeTotal: true }];
    for (const query of tries) {
      const begin = performance.now();
      const { status, problem, headers } = await list(query);
      const tookMs = performance.now() - begin;
      assert.deepEqual(
        [status, problem.code],
        [503, 'search_too_broad'],
        `${JSON.stringify(query)} ${tookMs}`,
      );
      assert.equal(headers.get('retry-after'), '1');
      assert.match(problem.detail, /three characters or more/);
      assert.deepEqual(
        problem.errors?.map(({ parameter }) => parameter),
        ['q'],
      );
      assert.ok(tookMs >= timeoutMs * 0.9 && tookMs < timeoutMs * 30, `${tookMs} ms`);
    }
    // A common term finds a page quickly, and a filter by key leaves few rows to scan.
    assert.equal(await foundInTime({ q: 'aa' }), 20);
    assert.equal(await foundInTime({ q: 'ab', email: 'nobody@example.com' }), 0);
    t.diagnostic(`${tries.length} searches ended, 0 after the deadline`);
  });
});

/** Inserts rows by SQL that no request could create, without their search index, which is slow to build. */
async function fill({ dialect, transaction }: Engine): Promise<void> {
  const numbers =
    'WITH RECURSIVE numbers (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM numbers ' +
    `WHERE number < ${textsCount}) `;
  const [ids, text, without] =
    dialect.name === 'sqlite'
      ? [
          "'00000000-0000-4000-8000-' || printf('%012d', number)",
          `printf('%.*c', ${textLength}, 'a')`,
          'DROP TRIGGER customer_search_added',
        ]
      : ['gen_random_uuid()', `repeat('a', ${textLength})`, 'DROP INDEX customer_search_trigrams'];
  const columns = 'id, type, name, status, tags, metadata, version, created_at, updated_at, name_key';
  const values = `${ids}, 'person', 'x', 'active', '[]', '{}', 1, '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z', 'x'`;
  await transaction(async (session) => {
    await session.run(without, []);
    await session.run(`INSERT INTO customers (${columns}) ${numbers} SELECT ${values} FROM numbers`, []);
    await session.run(
      `INSERT INTO customer_search (ordinal, text) SELECT ordinal, ${text} FROM customers`,
      [],
    );
    // PostgreSQL analyzes by itself later; without statistics it assumes an empty table.
    if (dialect.name === 'postgres') await session.run('ANALYZE customers, customer_search', []);
  });
}
