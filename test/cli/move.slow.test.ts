/**
 * `customers move` refuses in one line that says what to do, without a password and without changing
 * anything.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CliError } from '../../src/cli/exit.ts';
import { moveTo } from '../../src/cli/move.ts';
import { loadConfig } from '../../src/config/config.ts';
import { StorageError } from '../../src/storage/errors.ts';
import { migrate } from '../../src/storage/open.ts';
import { runMove } from '../storage/copy/run-move.ts';
import { execute, openDirectly, select } from '../storage/direct-engine.ts';
import { openStore } from '../storage/open-store.ts';
import { type Cleanup, suiteCleanup } from '../support/cleanup.ts';
import { freshDatabaseUrl } from '../support/engines.ts';
import { startTestService } from '../support/service.ts';

const password = 'geheim-99';

async function refuses(databaseUrl: string, to: string, message: RegExp): Promise<void> {
  await assert.rejects(moveTo(loadConfig({ DATABASE_URL: databaseUrl }), { to }), (error) => {
    assert.ok(error instanceof StorageError || error instanceof CliError, String(error));
    assert.match(error.message, message);
    assert.match(error.message, /^[^\n]+$/, 'expected one line');
    assert.ok(!error.message.includes(password), 'the password is in the output');
    return true;
  });
}

describe('customers move refuses', () => {
  const cleanup = suiteCleanup();
  const elsewhere = `postgres://me:${password}@127.0.0.1:1/customers`;
  const sourceOf = async (t: Cleanup) => {
    const store = await openStore(t, 'sqlite');
    await store.close();
    return store.databaseUrl;
  };

  test('a target that is not PostgreSQL or cannot be reached', async (t) => {
    const source = await sourceOf(t);
    await refuses(source, source, /--to must begin with postgres:\/\/.*customers backup/);
    await refuses(source, `mysql://me:${password}@host/x`, /--to must begin with postgres:/);
    await refuses(source, `postgres://me:${password}@@ho st/x`, /--to is not a URL that can be read/);
    await refuses(source, elsewhere, /cannot reach the database: .*ECONNREFUSED.* Check --to\.$/m);
  });

  test('a source that is not a SQLite file', async (t) => {
    const target = await freshDatabaseUrl(t, 'postgres');
    await refuses(target, elsewhere, /DATABASE_URL is PostgreSQL already.*and not back/);
    await refuses('sqlite::memory:', elsewhere, /temporary database is gone at exit/);
    await refuses(`${await freshDatabaseUrl(t, 'sqlite')}.none`, elsewhere, /there is no database .*none/);
  });

  test('a source that a service uses, before anything is created in the target', async (t) => {
    const service = await startTestService(t, { engine: 'sqlite' });
    const target = await freshDatabaseUrl(t, 'postgres');
    await refuses(service.databaseUrl, target, /another process .* serves .*stop the service.*--ahead/);
    assert.deepEqual(await tablesOf(target), []);
  });

  test('a target with tables of another application', async (t) => {
    const target = await freshDatabaseUrl(t, 'postgres');
    await execute(openDirectly(t, target), 'CREATE TABLE customers (id integer)');
    await refuses(await sourceOf(t), target, /holds a table customers of another application/);
    assert.deepEqual(await tablesOf(target), ['customers']);
  });

  test('a target that a service was started on', async (t) => {
    const service = await startTestService(t, { engine: 'postgres' });
    const before = await tablesOf(service.databaseUrl);
    await refuses(await sourceOf(t), service.databaseUrl, /the target is in use already: its table secrets/);
    assert.deepEqual(await tablesOf(service.databaseUrl), before);
  });

  test("a target of another source's move, and a source that changed after its move", async (t) => {
    const store = await openStore(t, 'sqlite');
    await store.close();
    const target = await freshDatabaseUrl(t, 'postgres');
    await runMove(store.databaseUrl, target, { ahead: true });
    await refuses(await sourceOf(t), target, /an unfinished move of another database/);
    await runMove(store.databaseUrl, target);
    await execute(openDirectly(t, store.databaseUrl), 'UPDATE feed_head SET position = position + 1');
    await refuses(store.databaseUrl, target, /completed earlier, and the source was written to since/);
  });

  test('a target with the schema of a newer release', async (t) => {
    const target = await freshDatabaseUrl(t, 'postgres');
    await migrate(loadConfig({ DATABASE_URL: target }).database);
    const direct = openDirectly(t, target);
    await execute(direct, "INSERT INTO schema_migrations (name, batch) VALUES ('999-later', 9)");
    await refuses(await sourceOf(t), target, /newer than this program \(it has 999-later\)/);
  });

  async function tablesOf(databaseUrl: string): Promise<string[]> {
    const direct = openDirectly(cleanup, databaseUrl);
    const rows = await select<{ name: string }>(direct, direct.dialect.listTables);
    await direct.close();
    return rows.map(({ name }) => name).sort();
  }
});
