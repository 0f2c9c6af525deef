import { closeSync, existsSync, mkdirSync, openSync, readSync, realpathSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Knex } from 'knex';
import { DatabaseInUse, StorageProblem } from '../errors.ts';
import { sqlite } from './dialect.ts';
import { sqlitePool } from './driver.ts';

/** Personal data is for the owner of the process alone. SQLite gives its side files the same mode. */
const folderMode = 0o700;
export const fileMode = 0o600;

const lockTimeoutMs = 2000;

/** What every SQLite file begins with. */
const magic = 'SQLite format 3\0';

/** @throws StorageProblem for a file that holds something else: nothing is made beside it. */
export function checkIsDatabase(file: string, advice = 'Set DATABASE_URL to another file.'): void {
  const start = Buffer.alloc(magic.length);
  const descriptor = openSync(file, 'r');
  const length = readSync(descriptor, start);
  closeSync(descriptor);
  if (length > 0 && start.toString('latin1') !== magic) {
    throw new StorageProblem(`${file} is not a SQLite database. ${advice}`);
  }
}

/**
 * The names of the tables in a file, which is only read: not even the side files of a connection are made. What a
 * killed process has left in its write-ahead log is not seen, and a file that is being written may look broken, and
 * as though it had none: whoever opens it in earnest sees more.
 */
export async function glimpseTables(file: string): Promise<string[]> {
  const knex = sqlitePool(
    `${pathToFileURL(file).href}?mode=ro&immutable=1`,
    1,
    lockTimeoutMs,
    [],
    ['OPEN_URI'],
  );
  try {
    const rows: { readonly name: string }[] = await knex.raw(sqlite.listTables);
    return rows.map(({ name }) => name);
  } catch {
    return [];
  } finally {
    await knex.destroy();
  }
}

/** Makes the file and its folder where they are missing.
 * @throws StorageProblem when they cannot be made or written. */
export function prepareFile(file: string): void {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: folderMode });
    closeSync(openSync(file, 'a', fileMode));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new StorageProblem(
      `cannot write the database file ${file} (${code}). Check the folder and its owner.`,
    );
  }
}

/** A private file for `sqlite::memory:`, since separate connections to a memory database see different data. */
export async function temporaryFile(): Promise<{ file: string; remove(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'customers-'));
  return {
    file: join(folder, 'customers.db'),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/**
 * Takes the lock that a serving process holds on its database file, and returns what releases it. It is a
 * transaction left open on a small database beside the file, so that the operating system releases it
 * however the process ends.
 * @throws DatabaseInUse when another process holds it.
 */
export async function lockFile(file: string): Promise<() => Promise<void>> {
  const lock = `${realFile(file)}.lock`;
  prepareFile(lock);
  const knex = sqlitePool(lock, 1, lockTimeoutMs, []);
  try {
    await hold(knex);
  } catch (error) {
    const holder = await holderOf(knex);
    await knex.destroy();
    if (sqlite.errorMeaning(error) !== 'unavailable') throw error;
    throw new DatabaseInUse(
      `another process${holder} serves ${file}. One process serves a file: stop it, or use PostgreSQL for more.`,
    );
  }
  return () => knex.destroy();
}

/** A file that is reached by two names, through a link, is one file. */
function realFile(file: string): string {
  return existsSync(file) ? realpathSync(file) : file;
}

async function hold(knex: Knex): Promise<void> {
  await knex.raw('BEGIN IMMEDIATE');
  await knex.raw('CREATE TABLE IF NOT EXISTS holder (pid INTEGER NOT NULL)');
  await knex.raw('DELETE FROM holder');
  await knex.raw('INSERT INTO holder (pid) VALUES (?)', [process.pid]);
  await knex.raw('COMMIT');
  await knex.raw('BEGIN IMMEDIATE');
}

async function holderOf(knex: Knex): Promise<string> {
  try {
    const [row] = await knex('holder').select<{ pid: number }[]>('pid');
    return row ? ` (pid ${row.pid})` : '';
  } catch {
    return '';
  }
}
