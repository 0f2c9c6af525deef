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
import { StorageProblem } from '../errors.ts';
import { readSchemaState } from '../migrations/migrator.ts';
import { openSqlite, sqlitePool } from './driver.ts';
import { checkIsDatabase, fileMode, lockFile } from './file.ts';

/** What a verified file holds. */
export interface BackupSummary {
  readonly customers: number;
  readonly feedPosition: number;
  readonly sizeBytes: number;
}

/** How far a long piece of work is. */
export type ReportProgress = (doneBytes: number, totalBytes: number) => void;

const progressIntervalMs = 200;

/**
 * Writes a consistent copy of the database while it is served. `VACUUM INTO` reads one snapshot, so that writes
 * go on; the backup interface of SQLite begins anew whenever another process writes, and might never end.
 * The copy gets its name only when it has been verified and is on the disk.
 * @throws StorageProblem when there is no database, the target exists, or the copy is not sound.
 */
export async function backUpSqlite(
  file: string,
  target: string,
  report: ReportProgress,
): Promise<BackupSummary> {
  if (!existsSync(file)) throw new StorageProblem(`there is no database file ${file}. Check DATABASE_URL.`);
  checkIsDatabase(file);
  if (existsSync(target)) {
    throw new StorageProblem(`${target} is there already. A backup overwrites nothing: choose another name.`);
  }
  const partial = partialOf(target);
  try {
    await copySnapshot(file, partial, report);
    const summary = await verify(partial, 'the copy');
    giveName(partial, target);
    return summary;
  } catch (error) {
    rmSync(partial, { force: true });
    throw describe(error, target);
  }
}

/**
 * Puts a backup in the place of the database. What was there is kept under another name.
 * @returns what the backup holds, and where the replaced file is now, if there was one.
 * @throws StorageProblem when a service uses the file, when there is one and `replace` was not said, or when the
 * backup is not sound; nothing was changed then.
 */
export async function restoreSqlite(
  backup: string,
  file: string,
  { replace }: { readonly replace: boolean },
): Promise<BackupSummary & { readonly replaced: string | undefined }> {
  if (!existsSync(backup)) throw new StorageProblem(`there is no backup ${backup}.`);
  checkIsDatabase(backup, 'Restore a file that `customers backup` has written.');
  const unlock = await lockFile(file);
  const partial = partialOf(file);
  try {
    const present = existsSync(file) && statSync(file).size > 0;
    if (present && !replace) {
      throw new StorageProblem(
        `${file} holds a database already. With --replace the backup takes its place, and it is kept under another name.`,
      );
    }
    reserve(partial);
    copyFileSync(backup, partial);
    const summary = await verify(partial, backup);
    const replaced = present ? moveAside(file) : undefined;
    giveName(partial, file);
    return { ...summary, replaced };
  } catch (error) {
    rmSync(partial, { force: true });
    throw describe(error, file);
  } finally {
    await unlock();
  }
}

function partialOf(file: string): string {
  return `${file}.partial`;
}

/** Made before SQLite fills it, so that it is never readable for others. One that a cut-off run left goes. */
function reserve(partial: string): void {
  rmSync(partial, { force: true });
  closeSync(openSync(partial, 'wx', fileMode));
}

async function copySnapshot(file: string, partial: string, report: ReportProgress): Promise<void> {
  reserve(partial);
  const totalBytes = statSync(file).size;
  const timer = setInterval(() => report(statSync(partial).size, totalBytes), progressIntervalMs);
  const knex = sqlitePool(file, 1, 0, ['busy_timeout = 2000', 'trusted_schema = OFF']);
  try {
    await knex.raw('VACUUM INTO ?', [partial]);
  } finally {
    clearInterval(timer);
    await knex.destroy();
  }
}

/** @throws StorageProblem for a file that is damaged, is not ours, or was made by a newer release. */
async function verify(file: string, name: string): Promise<BackupSummary> {
  const engine = openSqlite({ file, timeoutMs: 0 });
  try {
    const look = <Row>(sql: string) => engine.read((session) => session.run<Row>(sql, []));
    const [row] = await look<{ integrity_check: string }>('PRAGMA integrity_check(1)').catch(
      (error: NodeJS.ErrnoException) => [{ integrity_check: error.code ?? error.message }],
    );
    const verdict = row?.integrity_check ?? '';
    if (verdict !== 'ok') throw new StorageProblem(`${name} is damaged: ${verdict.replaceAll('\n', ' ')}.`);
    const { pending, unknown } = await readSchemaState(engine);
    if (pending.includes('001-customers')) {
      throw new StorageProblem(`${name} is not a database of this service.`);
    }
    if (unknown.length > 0) {
      throw new StorageProblem(
        `a newer release has made ${name} (it has ${unknown.join(', ')}). Use that release.`,
      );
    }
    const [counted] = await look<{ count: number }>('SELECT count(*) AS count FROM customers');
    const [head] = await look<{ position: number }>('SELECT position FROM feed_head');
    return {
      customers: counted?.count ?? 0,
      feedPosition: head?.position ?? 0,
      sizeBytes: statSync(file).size,
    };
  } finally {
    await engine.close();
  }
}

/** The side files hold what SQLite had not yet brought into the file itself: they go along. */
function moveAside(file: string): string {
  const stamp = new Date().toISOString().replace(/[:.]/g, '-');
  const replaced = `${file}.replaced-${stamp}`;
  for (const suffix of ['', '-wal', '-shm']) {
    if (existsSync(file + suffix)) renameSync(file + suffix, replaced + suffix);
  }
  return replaced;
}

/** Only a file that is on the disk gets its name, and only then is the name itself brought there. */
function giveName(partial: string, target: string): void {
  sync(partial);
  renameSync(partial, target);
  sync(dirname(target));
}

function sync(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function describe(error: unknown, target: string): unknown {
  if (error instanceof StorageProblem) return error;
  return new StorageProblem(`cannot write ${target}: ${(error as Error).message}`);
}
