import type { Config } from '../config/config.ts';
import { StorageError } from '../storage/errors.ts';
import { type BackupSummary, backUpSqlite, restoreSqlite } from '../storage/sqlite/backup.ts';

/** Writes a verified copy of the SQLite database to a file. A service may keep running on the database. */
export async function backUp(config: Config, target: string): Promise<void> {
  const summary = await backUpSqlite(sqliteFile(config), target, showProgress);
  process.stdout.write(`Backed up ${describe(summary)} to ${target}. The copy was verified.\n`);
}

/** Replaces the SQLite database with a backup. No service may be running on it. */
export async function restore(config: Config, backup: string, options: { replace: boolean }): Promise<void> {
  const file = sqliteFile(config);
  const { replaced, ...summary } = await restoreSqlite(backup, file, options);
  process.stdout.write(`Restored ${describe(summary)} to ${file}.\n`);
  if (replaced)
    process.stdout.write(`What was there is now ${replaced}. Delete it when you do not need it.\n`);
}

function sqliteFile({ database }: Config): string {
  if (database.engine === 'sqlite' && !database.temporary) return database.file;
  throw new StorageError(
    database.engine === 'postgres'
      ? 'PostgreSQL has its own tools: pg_basebackup with archived WAL (or your provider) for a server, pg_dump for a database.'
      : 'a temporary database has no backup. Set DATABASE_URL to one that stays.',
  );
}

function describe({ customers, feedPosition, sizeBytes }: BackupSummary): string {
  const megabytes = (sizeBytes / 1e6).toFixed(1);
  return `${customers.toLocaleString('en')} customers (feed position ${feedPosition}, ${megabytes} MB)`;
}

/** Redraws one line on a terminal, and erases it at the end. */
function showProgress(doneBytes: number, totalBytes: number): void {
  if (!process.stderr.isTTY) return;
  const percent = Math.min(100, Math.round((100 * doneBytes) / Math.max(totalBytes, 1)));
  process.stderr.write(`\rCopying ${percent} %\u001b[K${percent === 100 ? '\r\u001b[K' : ''}`);
}
