import {
  closeSync,
  copyFileSync,
  existsSync,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { StorageError } from '../errors.ts';
import { readSchemaState } from '../migrations/migrator.ts';
import { openSqlite, sqlitePool } from './driver.ts';
import { assertIsSqlite, fileMode, lockFile } from './file.ts';

/** The contents of a verified backup. */
export interface BackupSummary {
  readonly customers: number;
  readonly feedPosition: number;
  readonly sizeBytes: number;
}

/** Called about five times per second while a backup is being copied. */
export type ReportProgress = (doneBytes: number, totalBytes: number) => void;

const progressIntervalMs = 200;

/**
 * Writes a consistent copy of the database, also while a service uses it. `VACUUM INTO` reads one snapshot and does not
 * block writes; SQLite's backup API restarts whenever another process writes. The copy gets its final name after it
 * was verified and fsynced.
 * @throws StorageError when there is no database, the target exists, or the copy is damaged.
 */
export async function backUpSqlite(
  file: string,
  target: string,
  report: ReportProgress,
): Promise<BackupSummary> {
  if (!existsSync(file)) throw new StorageError(`there is no database file ${file}. Check DATABASE_URL.`);
  assertIsSqlite(file);
  if (existsSync(target)) {
    throw new StorageError(`${target} is there already. A backup overwrites nothing: choose another name.`);
  }
  const partial = `${target}.partial`;
  try {
    await copySnapshot(file, partial, report);
    const summary = await verify(partial, 'the copy');
    publish(partial, target);
    return summary;
  } catch (error) {
    rmSync(partial, { force: true });
    throw toStorageError(error, target);
  }
}

/**
 * Replaces the database by a backup, and keeps the old file under another name.
 * @returns the contents of the backup, and the new name of the old file, if there was one.
 * @throws StorageError when a service uses the file, when the file exists and `replace` is false, or when the backup is
 * damaged. Nothing was changed then.
 */
export async function restoreSqlite(
  backup: string,
  file: string,
  { replace }: { readonly replace: boolean },
): Promise<BackupSummary & { readonly replaced: string | undefined }> {
  if (!existsSync(backup)) throw new StorageError(`there is no backup ${backup}.`);
  assertIsSqlite(backup, 'Restore a file that `customers backup` has written.');
  const unlock = await lockFile(file);
  const partial = `${file}.partial`;
  try {
    const present = existsSync(file) && statSync(file).size > 0;
    if (present && !replace) {
      throw new StorageError(
        `${file} holds a database already. With --replace the backup takes its place, and it is kept under another name.`,
      );
    }
    createPartial(partial);
    copyFileSync(backup, partial);
    const summary = await verify(partial, backup);
    const replaced = present ? moveAside(file) : undefined;
    publish(partial, file);
    return { ...summary, replaced };
  } catch (error) {
    rmSync(partial, { force: true });
    throw toStorageError(error, file);
  } finally {
    await unlock();
  }
}

/** Creates the file before SQLite does, with a mode that only the owner can read. Removes one left by a killed run. */
function createPartial(partial: string): void {
  rmSync(partial, { force: true });
  closeSync(openSync(partial, 'wx', fileMode));
}

async function copySnapshot(file: string, partial: string, report: ReportProgress): Promise<void> {
  createPartial(partial);
  const totalBytes = statSync(file).size;
  const timer = setInterval(() => report(statSync(partial).size, totalBytes), progressIntervalMs);
  const pragmas = ['busy_timeout = 2000', 'trusted_schema = OFF'];
  const knex = sqlitePool({ file, connections: 1, timeoutMs: 0, pragmas });
  try {
    await knex.raw('VACUUM INTO ?', [partial]);
  } finally {
    clearInterval(timer);
    await knex.destroy();
  }
}

/** @throws StorageError for a file that is damaged, of another application, or of a newer release. */
async function verify(file: string, name: string): Promise<BackupSummary> {
  const engine = openSqlite({ file, timeoutMs: 0 });
  try {
    const query = <Row>(sql: string) => engine.read((session) => session.run<Row>(sql, []));
    const [row] = await query<{ integrity_check: string }>('PRAGMA integrity_check(1)').catch(
      (error: NodeJS.ErrnoException) => [{ integrity_check: error.code ?? error.message }],
    );
    const verdict = row?.integrity_check ?? '';
    if (verdict !== 'ok') throw new StorageError(`${name} is damaged: ${verdict.replaceAll('\n', ' ')}.`);
    const { pending, unknown } = await readSchemaState(engine);
    if (pending.includes('001-customers')) {
      throw new StorageError(`${name} is not a database of this service.`);
    }
    if (unknown.length > 0) {
      throw new StorageError(
        `a newer release has made ${name} (it has ${unknown.join(', ')}). Use that release.`,
      );
    }
    const [counted] = await query<{ count: number }>('SELECT count(*) AS count FROM customers');
    const [head] = await query<{ position: number }>('SELECT position FROM feed_head');
    return {
      customers: counted?.count ?? 0,
      feedPosition: head?.position ?? 0,
      sizeBytes: statSync(file).size,
    };
  } finally {
    await engine.close();
  }
}

/** Renames the database, with its side files: they hold what was not checkpointed. */
function moveAside(file: string): string {
  const stamp = new Date().toISOString().replace(/[:.]/g, '-');
  const replaced = `${file}.replaced-${stamp}`;
  for (const suffix of ['', '-wal', '-shm']) {
    if (existsSync(file + suffix)) renameSync(file + suffix, replaced + suffix);
  }
  return replaced;
}

/** Fsyncs the file, renames it, and fsyncs the folder. */
function publish(partial: string, target: string): void {
  fsyncPath(partial);
  renameSync(partial, target);
  fsyncPath(dirname(target));
}

function fsyncPath(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function toStorageError(error: unknown, target: string): StorageError {
  if (error instanceof StorageError) return error;
  return new StorageError(`cannot write ${target}: ${(error as Error).message}`);
}
