/**
 * Everything a client keeps stays valid after `customers move`.
 *
 * Planted, and each failed: paging that starts one key too late (`>=` for `>` in `readRows`), `setval` left
 * out of `finishBulkLoad`, `secrets` left out of `tableGroups`, JSON columns cast to jsonb, `customer_search` left
 * out.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { before, describe, test } from 'node:test';
import type { ChangePage, Customer, CustomerList } from '../../../src/contract/types.ts';
import { excludedTables, tableGroups } from '../../../src/storage/copy/tables.ts';
import { suiteCleanup } from '../../support/cleanup.ts';
import { until } from '../../support/credentials.ts';
import { freshDatabaseUrl } from '../../support/engines.ts';
import { type CommandExit, runCommand } from '../../support/process.ts';
import { startTestService } from '../../support/service.ts';
import { openDirectly, select, sqliteFile } from '../direct-engine.ts';
import { assertSameRows } from './compare-rows.ts';
import { type Caller, callerOf, type FilledSource, fillSource, kept } from './filled-source.ts';

const hashOf = async (file: string) =>
  createHash('sha256')
    .update(await readFile(file))
    .digest('hex');

describe('customers move', () => {
  const cleanup = suiteCleanup();
  let source: FilledSource;
  let target: string;
  let moved: CommandExit;
  let call: Caller;
  let hashes: readonly string[];

  before(async () => {
    source = await fillSource(cleanup);
    target = await freshDatabaseUrl(cleanup, 'postgres');
    const file = sqliteFile(source.databaseUrl);
    const hash = await hashOf(file);
    moved = await runCommand(['move', '--to', target], { env: { DATABASE_URL: source.databaseUrl } });
    assert.equal(moved.code, 0, moved.stderr);
    hashes = [hash, await hashOf(file)];
    const environment = { AUTH: 'keys' };
    const service = await startTestService(cleanup, { engine: 'postgres', databaseUrl: target, environment });
    call = callerOf(service, source.key);
  });

  test('reports what it copied and verified and how to switch over, without the password', () => {
    const { password } = new URL(target);
    assert.match(moved.stderr, /^Copying [\d,]+ rows\.\nCopied .*\nVerifying .*\nVerified [^\n]*\n$/s);
    assert.match(moved.stdout, /^Moved everything to postgres:.*the same on both sides:\n/);
    assert.match(moved.stdout, /\n {2}customers +[\d,]+ rows {2}[0-9a-f]{64}\n/);
    assert.match(moved.stdout, /\nSwitch over: .*\n {2}DATABASE_URL=postgres:/);
    assert.ok(password !== '' && !(moved.stdout + moved.stderr).includes(password));
    assert.equal(hashes[0], hashes[1], 'the source must not change');
  });

  test('every row is identical, and every table is covered', async (t) => {
    const [ours, theirs] = [openDirectly(t, source.databaseUrl), openDirectly(t, target)];
    // The running service's retention affects only rows past their age.
    const rows = await assertSameRows(ours, theirs);
    const known = tableGroups.flatMap(({ tables }) => tables.map(({ name }) => name));
    for (const engine of [ours, theirs]) {
      const tables = (await select<{ name: string }>(engine, engine.dialect.listTables)).map(
        ({ name }) => name,
      );
      const strange = tables.filter((name) => !known.includes(name) && !excludedTables.test(name));
      assert.deepEqual(strange, [], 'a new table must be added to tables.ts');
    }
    t.diagnostic(`${rows} rows compared`);
  });

  test('the API key still works, and a revoked one does not', async () => {
    await until(async () => (await call('GET', '/customers')).status === 200, 10_000);
    const [row] = await select<{ count: string }>(
      openDirectly(cleanup, target),
      'SELECT count(*) AS count FROM api_keys WHERE revoked_at IS NOT NULL',
    );
    assert.equal(Number(row?.count), 1);
  });

  test('earlier cursors, searches, exports and feed positions return the same', async (t) => {
    for (const [path, text] of source.answers) {
      assert.equal((await call('GET', path)).text, text, path);
    }
    assert.equal((await call('GET', '/changes?after=0')).status, 410, 'the horizon must be copied');
    t.diagnostic(`${source.answers.size} responses are the same, byte for byte`);
  });

  test('a repeated Idempotency-Key is replayed; for an erased customer it is 410', async () => {
    const again = await call<Customer>('POST', '/customers', kept.create);
    assert.deepEqual([again.status, again.headers.get('idempotency-replayed')], [201, 'true']);
    const body = { name: 'Erased Canary', email: 'canary@example.com', tags: ['canary-tag'] };
    assert.equal((await call('POST', '/customers', { body, ...kept.touch })).status, 410);
    assert.equal((await call('GET', `/customers/${source.erasedId}`)).status, 410);
  });

  test('an earlier ETag is valid for one write, which gets the next position; a new customer sorts last', async () => {
    const path = `/customers/${source.live.id}`;
    const write = () =>
      call('PATCH', path, { body: { note: 'moved' }, headers: { 'If-Match': source.live.etag } });
    const written = await write();
    assert.deepEqual([written.status, Number(written.headers.get('feed-position'))], [200, source.head + 1]);
    assert.equal((await write()).status, 412);
    const created = await call<Customer>('POST', '/customers', { body: { name: 'Newest' } });
    assert.equal(Number(created.headers.get('feed-position')), source.head + 2);
    const { json: list } = await call<CustomerList>('GET', '/customers?limit=1');
    assert.equal(list.items[0]?.id, created.json.id);
    const { json: page } = await call<ChangePage>('GET', `/changes?after=${source.head}`);
    assert.deepEqual(
      page.items.map(({ id }) => Number(id)),
      [source.head + 1, source.head + 2],
    );
  });

  test('a second move is harmless and reports that the data was moved before', async () => {
    const again = await runCommand(['move', '--to', target], { env: { DATABASE_URL: source.databaseUrl } });
    assert.deepEqual([again.code, again.stderr], [0, '']);
    assert.match(again.stdout, /^Everything was moved to .* before\.\nSwitch over/);
  });
});
