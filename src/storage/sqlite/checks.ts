import { accessSync, constants, existsSync, statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { type CheckResult, type Checks, fault, ok, warning } from '../doctor/check.ts';
import type { Engine } from '../engine/engine.ts';
import { StorageError } from '../errors.ts';
import { assertIsSqlite, lockFile } from './file.ts';

/** Below this much free space the service may soon refuse writes. */
const freeBytesMin = 256 * 1024 * 1024;

/** The log is truncated to 64 MB after a checkpoint; a much larger one means that a long read blocks checkpoints. */
const walBytesMax = 512 * 1024 * 1024;

/** The checks of a SQLite file and its folder. */
export function fileChecks(file: string, engine: Engine): Checks {
  return {
    database: async () => checkFile(file),
    access: async () =>
      (statSync(file).mode & 0o077) === 0
        ? ok('for its owner alone')
        : warning(`others on this machine can read it. Run: chmod 600 ${file}`),
    service: () => checkLock(file),
    'free space': async () => checkFreeSpace(dirname(file), statSync(file).size),
    'write-ahead log': async () => checkLogSize(file),
    integrity: () => checkIntegrity(engine),
  };
}

function checkFile(file: string): CheckResult {
  if (!existsSync(file)) throw new StorageError(`there is no ${file} yet. The first start makes it.`);
  assertIsSqlite(file);
  accessSync(file, constants.R_OK | constants.W_OK);
  accessSync(dirname(file), constants.W_OK);
  return ok(`${file}, ${megabytes(statSync(file).size)}`);
}

async function checkLock(file: string): Promise<CheckResult> {
  try {
    const unlock = await lockFile(file);
    await unlock();
    return ok('none uses the file now');
  } catch (error) {
    if (error instanceof StorageError) return ok(error.message.split('. ')[0] ?? '');
    throw error;
  }
}

function checkFreeSpace(folder: string, databaseBytes: number): CheckResult {
  const { bavail, bsize } = statfsSync(folder);
  const free = bavail * bsize;
  if (free < freeBytesMin) return fault(`${megabytes(free)} left. Make room: writes will soon be refused.`);
  return free < databaseBytes
    ? warning(`${megabytes(free)} left, less than the database: neither a backup nor a migration may fit.`)
    : ok(`${megabytes(free)} left`);
}

function checkLogSize(file: string): CheckResult {
  const bytes = existsSync(`${file}-wal`) ? statSync(`${file}-wal`).size : 0;
  return bytes <= walBytesMax
    ? ok(megabytes(bytes))
    : warning(`${megabytes(bytes)}: a reader that does not end keeps it from being cut back.`);
}

async function checkIntegrity(engine: Engine): Promise<CheckResult> {
  const sql = 'PRAGMA integrity_check(1)';
  const [row] = await engine.read((session) => session.run<{ integrity_check: string }>(sql, []));
  return row?.integrity_check === 'ok'
    ? ok('every page and every index is sound')
    : fault(`damaged: ${row?.integrity_check}. Stop the service and restore the last backup.`);
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toLocaleString('en', { maximumFractionDigits: 1 })} MB`;
}
