/**
 * Prints what a production install consists of as CycloneDX: `npm sbom`, on the lock file without what is for
 * development only. Its own `--omit=dev` also leaves out what production and development share, such as pg.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

interface Manifest {
  readonly devDependencies?: unknown;
  readonly dev?: boolean;
}

interface Lock {
  readonly packages: Readonly<Record<string, Manifest>>;
}

const root = new URL('../', import.meta.url);
const read = <T>(file: string) => JSON.parse(readFileSync(new URL(file, root), 'utf8')) as T;
const sbomArguments = ['sbom', '--package-lock-only', '--sbom-format=cyclonedx', '--sbom-type=application'];

const parent = mkdtempSync(join(tmpdir(), 'customers-sbom-'));
// npm takes the folder's name for that of the component.
const folder = join(parent, 'customers');
mkdirSync(folder);
try {
  const lock = read<Lock>('package-lock.json');
  const packages = Object.entries(lock.packages)
    .filter(([, { dev }]) => !dev)
    .map(([path, entry]) => [path, withoutDevelopment(entry)]);
  write('package.json', withoutDevelopment(read<Manifest>('package.json')));
  write('package-lock.json', { ...lock, packages: Object.fromEntries(packages) });
  process.stdout.write(execFileSync('npm', sbomArguments, { cwd: folder, maxBuffer: 64 * 1024 * 1024 }));
} finally {
  rmSync(parent, { recursive: true, force: true });
}

function withoutDevelopment({ devDependencies, ...rest }: Manifest): object {
  return rest;
}

function write(name: string, content: object): void {
  writeFileSync(join(folder, name), JSON.stringify(content));
}
