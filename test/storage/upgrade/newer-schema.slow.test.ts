/**
 * A program that finds the schema of a newer release.
 *
 * Planted, and each failed: `servedSince` not recorded, every recorded migration assumed compatible,
 * `limitLockWait` left out.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '../../../src/config/config.ts';
import type { Migration } from '../../../src/storage/migrations/migration.ts';
import { migrations, readSchemaState } from '../../../src/storage/migrations/migrator.ts';
import { migrate, openToServe } from '../../../src/storage/open.ts';
import type { Cleanup } from '../../support/cleanup.ts';
import { until } from '../../support/credentials.ts';
import { describeEngines, type EngineName, freshDatabaseUrl } from '../../support/engines.ts';
import { startTestService } from '../../support/service.ts';
import { openDirectly, select } from '../direct-engine.ts';
import { addedColumn, addedIndex, nextRelease } from './next-release.ts';

/** A migration of the release after next: drops a column that the next release no longer uses. */
const contracting: Migration = {
  name: '999-z-contract',
  servedSince: addedColumn.name,
  async up(knex) {
    await knex.raw('DROP INDEX customers_next');
    await knex.raw('ALTER TABLE customers DROP COLUMN next_column');
  },
};
const changing: Migration = {
  name: '997-renames',
  async up(knex) {
    await knex.raw('ALTER TABLE customers RENAME COLUMN note TO remark');
  },
};

describeEngines('the schema of a newer release', (engine) => {
  test('a schema with additions only is served, written to and reported by readSchemaState', async (t) => {
    const { databaseUrl, config } = await prepare(t, engine, nextRelease);
    const names = [addedColumn.name, addedIndex.name];
    const state = await readSchemaState(openDirectly(t, databaseUrl));
    assert.deepEqual(state, { pending: [], newer: names, unknown: [], incomplete: false });
    const service = await startTestService(t, { engine, databaseUrl });
    const created = await service.call<{ id: string }>('POST', '/customers', { body: { name: 'Ada' } });
    assert.deepEqual([created.status, (await service.call('GET', '/readyz')).status], [201, 200]);
    await service.stop();
    assert.deepEqual(await migrate(config), [], 'the older command has nothing to do');
    const next = await startTestService(t, { engine, databaseUrl, steps: nextRelease });
    assert.equal((await next.call('GET', `/customers/${created.json.id}`)).text, created.text);
  });

  test('an incompatible schema is refused, and nothing changes', async (t) => {
    const { config } = await prepare(t, engine, [...migrations, changing]);
    await assert.rejects(
      serve(config),
      /newer than this program \(it has 997-renames\)\. Run the newer release\.$/,
    );
  });

  test('a schema without a column that the previous release stopped using is served by that release, and by none older', async (t) => {
    const { config } = await prepare(t, engine, [...nextRelease, contracting]);
    await assert.rejects(serve(config), /it has 999-z-contract/);
    await serve(config, nextRelease);
  });

  test('a schema with newer migrations but without an earlier one is refused, because that order is untested', async (t) => {
    const { config } = await prepare(t, engine, nextRelease);
    await assert.rejects(serve(config, [...migrations, changing]), /it has 998-next-column, 999-next-index/);
  });
});

test('a migration gives way to requests while a long transaction holds its lock [postgres]', async (t) => {
  const { databaseUrl, config } = await prepare(t, 'postgres', migrations);
  const direct = openDirectly(t, databaseUrl, { readerConnections: 3 });
  let release: () => void = () => undefined;
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const holding = direct.transaction(async (session) => {
    await session.run('SELECT count(*) FROM customers', []);
    await released;
  });
  const migrating = migrate(config, nextRelease);
  const waiting = "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'customers'::regclass";
  await until(async () => (await select(direct, waiting)).length > 0, 30_000);
  // It waits for the migration, which waits for the open transaction.
  const request = openDirectly(t, databaseUrl, { timeoutMs: 60_000 });
  try {
    await select(request, 'SELECT count(*) FROM customers');
  } finally {
    release();
    await holding;
  }
  assert.deepEqual(await migrating, [addedColumn.name, addedIndex.name]);
});

async function prepare(cleanup: Cleanup, engine: EngineName, steps: readonly Migration[]) {
  const databaseUrl = await freshDatabaseUrl(cleanup, engine);
  const config = loadConfig({ DATABASE_URL: databaseUrl }).database;
  await migrate(config, steps);
  return { databaseUrl, config };
}

async function serve(config: Parameters<typeof openToServe>[0], steps?: readonly Migration[]): Promise<void> {
  const database = await openToServe(config, 5000, steps);
  await database.close();
}
