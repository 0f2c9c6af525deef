import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { type Config, loadConfig } from '../../src/config/config.ts';
import type { Engine } from '../../src/storage/engine/engine.ts';
import { StorageError } from '../../src/storage/errors.ts';
import { readSchemaState } from '../../src/storage/migrations/migrator.ts';
import { migrate, openToServe } from '../../src/storage/open.ts';
import { afterwards, type Cleanup } from '../support/cleanup.ts';
import { describeEngines, type EngineName, freshDatabaseUrl } from '../support/engines.ts';
import { startTestService } from '../support/service.ts';
import { execute, openDirectly, select, sqliteFile } from './direct-engine.ts';

/** The numbered files of the folder, in order. */
const steps = readdirSync(new URL('../../src/storage/migrations', import.meta.url))
  .filter((file) => /^\d{3}-/.test(file))
  .map((file) => file.replace(/\.ts$/, ''))
  .sort();
const timeoutMs = 5000;
const fresh = { newer: [], unknown: [], incomplete: false };

describeEngines('migrations', (engine) => {
  test('are applied once, and a second run has nothing to do', async (t) => {
    const { config, direct } = await newDatabase(t, engine);
    assert.deepEqual(await readSchemaState(direct), { pending: steps, ...fresh });
    assert.deepEqual(await migrate(config), steps);
    const schema = await schemaOf(direct);
    assert.deepEqual(await migrate(config), []);
    assert.deepEqual(await schemaOf(direct), schema);
    assert.deepEqual(await readSchemaState(direct), { pending: [], ...fresh });
    const done = await select<{ name: string }>(direct, 'SELECT name FROM schema_migrations');
    assert.deepEqual(
      done.map(({ name }) => name),
      steps,
    );
  });

  test('leave the data of a current database unchanged', async (t) => {
    const service = await startTestService(t, { engine });
    const { text } = await service.call('POST', '/customers', { body: { name: 'Ada' } });
    await service.stop();
    assert.deepEqual(await migrate(configOf(service.databaseUrl)), []);
    const again = await startTestService(t, { engine, databaseUrl: service.databaseUrl });
    assert.equal((await again.call('GET', `/customers/${JSON.parse(text).id}`)).text, text);
  });

  test('continue after a run that died without releasing its lock', async (t) => {
    const { config, direct } = await newDatabase(t, engine);
    await leaveLock(direct);
    assert.deepEqual(await migrate(config), steps);
    assert.deepEqual(await select(direct, 'SELECT is_locked FROM schema_migrations_lock'), [
      { is_locked: 0 },
    ]);
  });

  test('are refused by a program older than the schema, and nothing changes', async (t) => {
    const { databaseUrl, config, direct } = await newDatabase(t, engine);
    await migrate(config);
    await execute(
      direct,
      `INSERT INTO schema_migrations (name, batch, migration_time) VALUES ('999-later', 9, NULL)`,
      'CREATE TABLE of_a_newer_release (id integer)',
    );
    const state = () => stateOf(engine, databaseUrl, direct);
    const before = await state();
    const message = /newer than this program \(it has 999-later\)\. Run the newer release\.$/;
    for (const attempt of [() => migrate(config), () => serve(t, config)]) {
      await assert.rejects(attempt(), (error) => {
        assert.ok(error instanceof StorageError);
        assert.match(error.message, message);
        return true;
      });
    }
    assert.deepEqual(await state(), before);
  });

  test('leave nothing half done when a step fails', async (t) => {
    const { config, direct } = await newDatabase(t, engine);
    // The step creates this table near its end, so its earlier changes must be rolled back.
    await execute(direct, 'CREATE TABLE secrets (id integer)');
    const before = await tablesOf(direct);
    await assert.rejects(migrate(config), StorageError);
    const left = (await tablesOf(direct)).filter((table) => !table.startsWith('schema_migrations'));
    assert.deepEqual(left, before);
    await execute(direct, 'DROP TABLE secrets');
    assert.deepEqual(await migrate(config), steps);
  });
});

describe('migrations of a shared database [postgres]', () => {
  test('several runs at once: one applies them, the others find nothing to do', async (t) => {
    for (let round = 0; round < 3; round++) {
      const { config, direct } = await newDatabase(t, 'postgres');
      const outcomes = await Promise.all(Array.from({ length: 4 }, () => migrate(config)));
      assert.deepEqual(
        outcomes.toSorted((one, other) => other.length - one.length),
        [steps, [], [], []],
      );
      const done = await select<{ name: string }>(direct, 'SELECT name FROM schema_migrations');
      assert.equal(done.length, steps.length);
    }
  });

  test('are never applied by the service, which says what to run', async (t) => {
    const { config, direct } = await newDatabase(t, 'postgres');
    await assert.rejects(
      serve(t, config),
      (error) => error instanceof StorageError && /Run: customers migrate \(/.test(error.message),
    );
    assert.deepEqual(await tablesOf(direct), []);
  });
});

describe('migrations of an embedded database [sqlite]', () => {
  test('are applied by the service', async (t) => {
    const { config, direct } = await newDatabase(t, 'sqlite');
    await serve(t, config);
    assert.deepEqual(await readSchemaState(direct), { pending: [], ...fresh });
  });

  test('fail at once when another process serves the file, and name it', async (t) => {
    const { config } = await newDatabase(t, 'sqlite');
    const database = await serve(t, config);
    await assert.rejects(serve(t, config), (error) => {
      assert.ok(error instanceof StorageError);
      const message = new RegExp(`another process \\(pid ${process.pid}\\) serves .*customers\\.db`);
      assert.match(error.message, message);
      return true;
    });
    await database.close();
    await serve(t, config);
  });
});

/** Opens a database as the service does; closed at the end of the test at the latest. */
async function serve(cleanup: Cleanup, config: Config['database']) {
  const database = await openToServe(config, timeoutMs);
  let closed: Promise<void> | undefined;
  const close = () => (closed ??= database.close());
  afterwards(cleanup, close);
  return { close };
}

function configOf(databaseUrl: string): Config['database'] {
  return loadConfig({ DATABASE_URL: databaseUrl }).database;
}

async function newDatabase(cleanup: Cleanup, engine: EngineName) {
  const databaseUrl = await freshDatabaseUrl(cleanup, engine);
  return { databaseUrl, config: configOf(databaseUrl), direct: openDirectly(cleanup, databaseUrl) };
}

/** What Knex leaves when its process dies inside the first step, which the database rolls back. */
async function leaveLock({ knex }: Engine): Promise<void> {
  const tableName = 'schema_migrations';
  const migrationSource = {
    getMigrations: async () => [],
    getMigrationName: () => '',
    getMigration: () => ({}),
  };
  await knex.migrate.latest({ tableName, migrationSource: migrationSource as never });
  await knex('schema_migrations_lock').update({ is_locked: 1 });
}

async function tablesOf(direct: Engine): Promise<string[]> {
  const sql =
    direct.dialect.name === 'sqlite'
      ? "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
      : "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' ORDER BY name";
  return (await select<{ name: string }>(direct, sql)).map(({ name }) => name);
}

/** Every table, column and index with its definition. */
function schemaOf(direct: Engine): Promise<unknown[]> {
  const sql =
    direct.dialect.name === 'sqlite'
      ? 'SELECT name, sql FROM sqlite_schema ORDER BY name'
      : 'SELECT table_name, column_name, data_type, is_nullable, collation_name FROM information_schema.columns ' +
        "WHERE table_schema = 'public' UNION ALL SELECT tablename, indexname, indexdef, '', '' FROM pg_indexes " +
        "WHERE schemaname = 'public' ORDER BY 1, 2";
  return select(direct, sql);
}

/** Schema and rows; for SQLite the bytes of the file. */
async function stateOf(engine: EngineName, databaseUrl: string, direct: Engine) {
  const rows = await Promise.all(
    (await tablesOf(direct)).map((table) => select(direct, `SELECT * FROM ${table}`)),
  );
  if (engine === 'postgres') return { schema: await schemaOf(direct), rows };
  // Writes everything into the main file.
  await select(direct, 'SELECT 1');
  return { schema: await schemaOf(direct), rows, bytes: await readFile(sqliteFile(databaseUrl)) };
}
