/** The settings that durability and privacy depend on, as SQLite reports them on every connection. */
import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { loadConfig } from '../../src/config/config.ts';
import { createCommand } from '../../src/domain/commands.ts';
import type { Engine, Session } from '../../src/storage/engine/engine.ts';
import { StorageError } from '../../src/storage/errors.ts';
import { openToServe } from '../../src/storage/open.ts';
import { afterwards, type Cleanup } from '../support/cleanup.ts';
import { freshDatabaseUrl } from '../support/engines.ts';
import { sqliteFile } from './direct-engine.ts';
import { openStore, plainContext } from './open-store.ts';

/** The same number as the service opens. */
const readerConnections = 4;
const common = { journal_mode: 'wal', foreign_keys: 1, trusted_schema: 0, busy_timeout: 2000 };

describe('SQLite settings', () => {
  test('of the writer connection', async (t) => {
    const { engine } = await openStore(t, 'sqlite');
    const settings = await engine.transaction((session) =>
      pragmas(session, [
        ...Object.keys(common),
        'synchronous',
        'query_only',
        'secure_delete',
        'journal_size_limit',
      ]),
    );
    assert.deepEqual(settings, {
      ...common,
      ...{ synchronous: 2, query_only: 0, secure_delete: 1, journal_size_limit: 67_108_864 },
    });
  });

  test(`of each of the ${readerConnections} reader connections`, async (t) => {
    const { engine } = await openStore(t, 'sqlite');
    const settings = await onEveryReader(engine, (session) =>
      pragmas(session, [...Object.keys(common), 'query_only']),
    );
    assert.equal(settings.length, readerConnections);
    for (const found of settings) assert.deepEqual(found, { ...common, query_only: 1 });
  });

  test('a reader cannot write', async (t) => {
    const { engine } = await openStore(t, 'sqlite');
    for (const sql of [
      "DELETE FROM customers WHERE name = ''",
      'CREATE TABLE x (y)',
      'UPDATE feed_head SET position = 7',
    ]) {
      await assert.rejects(
        engine.read((session) => session.run(sql, [])),
        /readonly|read-only/i,
      );
    }
  });

  test('rows must have their column types, and tags their customer', async (t) => {
    const { engine } = await openStore(t, 'sqlite');
    const run = (sql: string) => engine.transaction((session) => session.run(sql, []));
    await assert.rejects(run("UPDATE feed_head SET position = 'x'"), /cannot store TEXT/);
    await assert.rejects(run("INSERT INTO customer_tags VALUES ('t', '', 99)"), /FOREIGN KEY/);
  });

  test('a reader sees what is committed, and nothing else', async (t) => {
    const { engine, customers } = await openStore(t, 'sqlite');
    const count = () =>
      engine.read(async (session) => {
        const [row] = await session.run<{ count: number }>('SELECT count(*) AS count FROM customers', []);
        return row?.count;
      });
    await customers.write(createCommand({ name: 'Ada' }), plainContext());
    await engine.transaction(
      async (session) => {
        await session.run("UPDATE customers SET name = 'Eve'", []);
        await session.run('DELETE FROM customers', []);
        assert.equal(await count(), 1);
      },
      { rollBack: true },
    );
    assert.equal(await count(), 1);
  });
});

describe('SQLite files', () => {
  test('are readable by their owner only, under any umask', async (t) => {
    const url = await freshDatabaseUrl(t, 'sqlite');
    const file = join(dirname(sqliteFile(url)), 'new', 'deep', 'customers.db');
    const umask = process.umask(0);
    afterwards(t, () => void process.umask(umask));
    const database = await openToServe(loadConfig({ DATABASE_URL: `sqlite:${file}` }).database, 5000);
    afterwards(t, () => database.close());
    await database.engine.transaction((session) => session.run('UPDATE feed_head SET position = 0', []));
    const modes = await modesIn(dirname(file));
    assert.deepEqual(modes, {
      '.': '700',
      'customers.db': '600',
      'customers.db-shm': '600',
      'customers.db-wal': '600',
      'customers.db.lock': '600',
      ...('customers.db.lock-journal' in modes ? { 'customers.db.lock-journal': '600' } : {}),
    });
    assert.equal(((await stat(dirname(dirname(file)))).mode & 0o777).toString(8), '700');
  });

  test('leave no side files when closed', async (t) => {
    const { databaseUrl, customers, close } = await openStore(t, 'sqlite');
    await customers.write(createCommand({ name: 'Ada' }), plainContext());
    await close();
    const names = await readdir(dirname(sqliteFile(databaseUrl)));
    assert.deepEqual(
      names.filter((name) => /-(wal|shm|journal)$/.test(name)),
      [],
    );
  });

  test('of an in-memory database are in a private folder that is deleted at the end', async (t) => {
    const folder = await privateTemporaryFolder(t);
    const database = await openToServe(loadConfig({ DATABASE_URL: 'sqlite::memory:' }).database, 5000);
    let closed: Promise<void> | undefined;
    const close = () => (closed ??= database.close());
    afterwards(t, close);
    const [name = ''] = await readdir(folder);
    const modes = await modesIn(join(folder, name));
    assert.deepEqual([modes['.'], modes['customers.db']], ['700', '600']);
    await close();
    assert.deepEqual(await readdir(folder), []);
  });

  test('that cannot be created are named, with what to check', async (t) => {
    const url = await freshDatabaseUrl(t, 'sqlite');
    const file = join(dirname(sqliteFile(url)), 'taken');
    await mkdir(file);
    await assert.rejects(
      openToServe(loadConfig({ DATABASE_URL: `sqlite:${file}` }).database, 5000),
      (error) => error instanceof StorageError && error.message.includes(file) && /Check/.test(error.message),
    );
  });
});

async function pragmas(session: Session, names: readonly string[]) {
  const settings: Record<string, unknown> = {};
  for (const name of names) {
    const [row = {}] = await session.run<Record<string, unknown>>(`PRAGMA ${name}`, []);
    settings[name] = Object.values(row)[0];
  }
  return settings;
}

/** Leases all reader connections at once, so that each of them is tested. */
async function onEveryReader<Result>(
  engine: Engine,
  work: (session: Session) => Promise<Result>,
): Promise<Result[]> {
  let waiting = 0;
  let release: () => void = () => undefined;
  const all = new Promise<void>((resolve) => {
    release = resolve;
  });
  return Promise.all(
    Array.from({ length: readerConnections }, () =>
      engine.read(async (session) => {
        waiting += 1;
        if (waiting === readerConnections) release();
        await all;
        return work(session);
      }),
    ),
  );
}

async function modesIn(folder: string): Promise<Record<string, string>> {
  const names = ['.', ...(await readdir(folder))].sort();
  const entries = await Promise.all(
    names.map(async (name) => [name, ((await stat(join(folder, name))).mode & 0o777).toString(8)] as const),
  );
  return Object.fromEntries(entries);
}

async function privateTemporaryFolder(cleanup: Cleanup): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'customers-test-memory-'));
  await chmod(folder, 0o755);
  const before = process.env.TMPDIR;
  process.env.TMPDIR = folder;
  afterwards(cleanup, async () => {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
    await rm(folder, { recursive: true, force: true });
  });
  return folder;
}
