import { createHash } from 'node:crypto';
import { existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterwards, type Cleanup } from './cleanup.ts';

/** A new, empty folder that is removed afterwards. */
export async function temporaryFolder(cleanup: Cleanup): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'customers-test-folder-'));
  afterwards(cleanup, () => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** The compile cache of tsx, which runs the command in the tests, in the temporary folder. */
const cacheOfTsx = /^tsx-\d+(\/|$)/;

/**
 * Every path below a folder with its mode and a hash of its bytes, to detect changes. A lock counts only as
 * present, because its content changes with every attempt.
 */
export function contentsOf(folder: string): Record<string, string> {
  if (!existsSync(folder)) return {};
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return Object.fromEntries(
    paths
      .filter((path) => !cacheOfTsx.test(path))
      .sort()
      .map((path) => [path, describe(join(folder, path))]),
  );
}

function describe(path: string): string {
  const stats = lstatSync(path);
  const mode = (stats.mode & 0o777).toString(8);
  if (!stats.isFile()) return `${mode} folder`;
  if (path.endsWith('.lock')) return `${mode} lock`;
  return `${mode} ${createHash('sha256').update(readFileSync(path)).digest('hex')}`;
}
