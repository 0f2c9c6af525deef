/**
 * The start and `customers doctor` check that a replica is a copy of this database; a replica that is
 * unreachable or was promoted must not prevent the start.
 *
 * Planted, and each failed: the cluster not compared (started with another server's database), the database
 * not compared (with another one of the same server), an unreachable replica that ends the start.
 */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { loadConfig } from '../../src/config/config.ts';
import { runChecks } from '../../src/storage/doctor/checks.ts';
import { migrate } from '../../src/storage/open.ts';
import { suiteCleanup } from '../support/cleanup.ts';
import { freshDatabaseUrl } from '../support/engines.ts';
import { type PostgresPair, startPostgresPair } from '../support/postgres-pair.ts';
import { replicaCounts } from '../support/replica-counts.ts';
import { startTestService } from '../support/service.ts';

describe('a replica at startup', () => {
  const cleanup = suiteCleanup();
  let pair: PostgresPair;
  let databaseUrl: string;
  before(async () => {
    pair = await startPostgresPair(cleanup);
    databaseUrl = pair.primary.url;
    await migrate(loadConfig({ DATABASE_URL: databaseUrl }).database);
  });

  const start = (replicaUrl: string) =>
    startTestService(cleanup, {
      engine: 'postgres',
      databaseUrl,
      environment: { DATABASE_REPLICA_URL: replicaUrl },
    });

  async function examine(replicaUrl: string): Promise<string> {
    const config = loadConfig({ DATABASE_URL: databaseUrl, DATABASE_REPLICA_URL: replicaUrl });
    for await (const { subject, level, text } of runChecks(config.database))
      if (subject === 'replica') return `${level}: ${text}`;
    return 'nothing';
  }

  test('a standby of this database is accepted', async () => {
    await start(pair.standby.url);
    assert.match(await examine(pair.standby.url), /^ok: a standby, (up to date|\d+ changes behind)$/);
  });

  test('a database of another server is refused', async () => {
    // Its database `postgres` has the same number as ours.
    const itsUrl = new URL(await freshDatabaseUrl(cleanup, 'postgres'));
    itsUrl.pathname = '/postgres';
    const other = itsUrl.href;
    await assert.rejects(start(other), /the replica is no standby of the database of DATABASE_URL/);
    assert.match(await examine(other), /^fault: is no standby of the database/);
  });

  test('another database of the same server is refused', async () => {
    const other = new URL(pair.standby.url);
    other.pathname = '/template1';
    await assert.rejects(start(other.href), /the replica is no standby of the database of DATABASE_URL/);
  });

  test('the primary itself, as after a failover, is a warning, and not used', async () => {
    const { call, url } = await start(databaseUrl);
    const { headers } = await call('POST', '/customers', { body: { name: 'Ada' } });
    const position = headers.get('feed-position') ?? '';
    let counts = await replicaCounts({ url });
    for (let read = 0; counts.failed === 0 && read < 1000; read++) {
      const { status } = await call('GET', '/customers', { headers: { 'Min-Feed-Position': position } });
      assert.equal(status, 200);
      counts = await replicaCounts({ url });
    }
    assert.ok(counts.failed > 0);
    assert.equal(counts.served, 0);
    assert.match(await examine(databaseUrl), /^warning: takes writes, so it is no standby/);
  });

  test('an unreachable replica is a warning', async () => {
    const nowhere = new URL(databaseUrl);
    nowhere.port = '1';
    const { call } = await start(nowhere.href);
    assert.equal((await call('GET', '/customers', { headers: { 'Min-Feed-Position': '0' } })).status, 200);
    assert.match(await examine(nowhere.href), /^warning: cannot be asked \(.*ECONNREFUSED/);
  });
});
