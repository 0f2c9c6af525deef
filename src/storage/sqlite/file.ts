import { closeSync, existsSync, mkdirSync, openSync, readSync, realpathSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Knex } from 'knex';
import { DatabaseInUseError, StorageError } from '../errors.ts';
import { sqlite } from './dialect.ts';
import { sqlitePool } from './driver.ts';

/** Only the process's own user may read personal data. SQLite gives its side files the mode of the database. */
const folderMode = 0o700;
export const fileMode = 0o600;

/** Creates the file and its folder unless they exist. @throws StorageError when they cannot be created or written. */
export function prepareFile(file: string): void {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: folderMode });
    closeSync(openSync(file, 'a', fileMode));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new StorageError(
      `cannot write the database file ${file} (${code}). Check the folder and its owner.`,
    );
  }
}

/** Creates the private file behind `sqlite::memory:`. Each connection to a real memory database has its own data. */
export async function temporaryFile(): Promise<{ file: string; remove(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'customers-'));
  return {
    file: join(folder, 'customers.db'),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** The header string of every SQLite file. */
const magic = 'SQLite format 3\0';

/** @throws StorageError unless the file is empty or a SQLite database. Only reads the file's first bytes. */
export function assertIsSqlite(file: string, advice = 'Set DATABASE_URL to another file.'): void {
  const start = Buffer.alloc(magic.length);
  const descriptor = openSync(file, 'r');
  const length = readSync(descriptor, start);
  closeSync(descriptor);
  if (length > 0 && start.toString('latin1') !== magic) {
    throw new StorageError(`${file} is not a SQLite database. ${advice}`);
  }
}

/**
 * Returns the names of the tables in a file without writing anything, not even SQLite's side files. Ignores the
 * write-ahead log, and returns nothing for a file that cannot be read while another process writes to it.
 */
export async function peekTables(file: string): Promise<string[]> {
  const knex = sqlitePool({
    file: `${pathToFileURL(file).href}?mode=ro&immutable=1`,
    connections: 1,
    timeoutMs: lockTimeoutMs,
    pragmas: [],
    flags: ['OPEN_URI'],
  });
  try {
    const rows: { readonly name: string }[] = await knex.raw(sqlite.listTables);
    return rows.map(({ name }) => name);
  } catch {
    return [];
  } finally {
    await knex.destroy();
  }
}

const lockTimeoutMs = 2000;

/**
 * Takes the lock of the process that serves a database file, and returns a function that releases it. The lock is an
 * open transaction on a small database next to the file, so the operating system releases it however the process ends.
 * @throws DatabaseInUseError when another process holds it.
 */
export async function lockFile(file: string): Promise<() => Promise<void>> {
  const lock = `${realFile(file)}.lock`;
  prepareFile(lock);
  const knex = sqlitePool({ file: lock, connections: 1, timeoutMs: lockTimeoutMs, pragmas: [] });
  try {
    await acquire(knex);
  } catch (error) {
    const holder = await describeHolder(knex);
    await knex.destroy();
    if (sqlite.errorMeaning(error) !== 'unavailable') throw error;
    throw new DatabaseInUseError(
      `another process${holder} serves ${file}. One process serves a file: stop it, or use PostgreSQL for more.`,
    );
  }
  return () => knex.destroy();
}

/** Resolves symbolic links, so that two paths to one file share a lock. */
function realFile(file: string): string {
  return existsSync(file) ? realpathSync(file) : file;
}

/** Commits the holder's process id, then leaves a transaction open. */
async function acquire(knex: Knex): Promise<void> {
  await knex.raw('BEGIN IMMEDIATE');
  await knex.raw('CREATE TABLE IF NOT EXISTS holder (pid INTEGER NOT NULL)');
  await knex.raw('DELETE FROM holder');
  await knex.raw('INSERT INTO holder (pid) VALUES (?)', [process.pid]);
  await knex.raw('COMMIT');
  await knex.raw('BEGIN IMMEDIATE');
}

async function describeHolder(knex: Knex): Promise<string> {
  try {
    const [row] = await knex('holder').select<{ pid: number }[]>('pid');
    return row ? ` (pid ${row.pid})` : '';
  } catch {
    return '';
  }
}
