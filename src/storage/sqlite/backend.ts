import { existsSync } from 'node:fs';
import { open as openFile, stat } from 'node:fs/promises';
import { type Backend, type OpenDatabase, safeMessage } from '../engine/backend.ts';
import { StorageError } from '../errors.ts';
import { assertOwnTables } from '../migrations/migrator.ts';
import { fileChecks } from './checks.ts';
import { sqlite } from './dialect.ts';
import { openReaders, openSqlite } from './driver.ts';
import { assertIsSqlite, lockFile, peekTables, prepareFile, temporaryFile } from './file.ts';

export interface SqliteConfig {
  readonly file: string;
  /** Uses a file that is deleted at exit, instead of `file`. */
  readonly temporary: boolean;
}

/** The backend for a SQLite file. */
export function sqliteBackend({ file, temporary }: SqliteConfig): Backend {
  return {
    isPersistent: !temporary,
    assertExists() {
      if (existsSync(file)) return;
      const name = temporary ? 'that stays, where sqlite::memory: is gone at exit' : file;
      throw new StorageError(`there is no database ${name}. Set DATABASE_URL to the one to read.`);
    },
    async open(timeoutMs) {
      if (!temporary) return openDatabase(file, timeoutMs);
      const created = await temporaryFile();
      return openDatabase(created.file, timeoutMs, created.remove);
    },
    async assertSupported() {},
    async prepareToServe(database) {
      await openReaders(database.engine);
      return database;
    },
    openForDoctor: () => openSqlite({ file, timeoutMs: 0 }),
    checks: (engine) => fileChecks(file, engine),
    toStorageError(error) {
      if (error instanceof StorageError) return error;
      return new StorageError(`cannot use ${file}: ${safeMessage(error, sqlite)}`);
    },
  };
}

async function openDatabase(
  file: string,
  timeoutMs: number,
  remove: () => Promise<void> = async () => {},
): Promise<OpenDatabase> {
  try {
    prepareFile(file);
    assertIsSqlite(file);
    assertOwnTables(await peekTables(file), sqlite);
  } catch (error) {
    await remove();
    throw error;
  }
  const bytes = await openFile(file);
  const engine = openSqlite({ file, timeoutMs });
  let unlock = async () => {};

  async function lock(): Promise<void> {
    unlock = await lockFile(file);
  }

  return {
    engine,
    file: bytes,
    walBytes: async () => (await stat(`${file}-wal`).catch(() => undefined))?.size ?? 0,
    lock,
    async migrateExclusively(migrate) {
      await lock();
      return migrate();
    },
    close: () =>
      engine
        .close()
        .finally(() => bytes.close())
        .finally(() => unlock())
        .finally(remove),
  };
}
