import { accessSync, constants, existsSync, statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Engine } from './engine.ts';
import { type Finding, fault, type Looks, ok, warning } from './findings.ts';
import { checkIsDatabase, lockFile } from './sqlite-file.ts';
import { StorageProblem } from './storage-problem.ts';

/** Less than this and the service may stop taking writes before anybody looks again. */
const freeBytesMin = 256 * 1024 * 1024;

/** A write-ahead log is cut back to 64 MB; one that grows far beyond has a reader that does not end. */
const walBytesMax = 512 * 1024 * 1024;

/** What there is to see of a SQLite file. */
export function looksAtFile(file: string, engine: Engine): Looks {
  return {
    database: async () => {
      if (!existsSync(file)) throw new StorageProblem(`there is no ${file} yet. The first start makes it.`);
      checkIsDatabase(file);
      accessSync(file, constants.R_OK | constants.W_OK);
      accessSync(dirname(file), constants.W_OK);
      return ok(`${file}, ${megabytes(statSync(file).size)}`);
    },
    access: async () =>
      (statSync(file).mode & 0o077) === 0
        ? ok('for its owner alone')
        : warning(`others on this machine can read it. Run: chmod 600 ${file}`),
    service: async () => {
      try {
        await (await lockFile(file))();
        return ok('none uses the file now');
      } catch (error) {
        if (error instanceof StorageProblem) return ok(error.message.split('. ')[0] ?? '');
        throw error;
      }
    },
    'free space': async () => freeSpace(dirname(file), statSync(file).size),
    'write-ahead log': async () => {
      const bytes = existsSync(`${file}-wal`) ? statSync(`${file}-wal`).size : 0;
      return bytes <= walBytesMax
        ? ok(megabytes(bytes))
        : warning(`${megabytes(bytes)}: a reader that does not end keeps it from being cut back.`);
    },
    integrity: async () => {
      const sql = 'PRAGMA integrity_check(1)';
      const [row] = await engine.read((session) => session.run<{ integrity_check: string }>(sql, []));
      return row?.integrity_check === 'ok'
        ? ok('every page and every index is sound')
        : fault(`damaged: ${row?.integrity_check}. Stop the service and restore the last backup.`);
    },
  };
}

function freeSpace(folder: string, databaseBytes: number): Finding {
  const { bavail, bsize } = statfsSync(folder);
  const free = bavail * bsize;
  if (free < freeBytesMin) return fault(`${megabytes(free)} left. Make room: writes will soon be refused.`);
  return free < databaseBytes
    ? warning(`${megabytes(free)} left, less than the database: neither a backup nor a migration may fit.`)
    : ok(`${megabytes(free)} left`);
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toLocaleString('en', { maximumFractionDigits: 1 })} MB`;
}
