/**
 * Installs what `npm pack` would ship with `npm ci --omit=dev` into a new folder, and serves from it: no development
 * tool is included or needed. Not one of the tests, because it installs everything again.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const repository = fileURLToPath(new URL('..', import.meta.url));
const installTimeoutMs = 10 * 60_000;
const startTimeoutMs = 30_000;

const { files } = JSON.parse(await readFile(join(repository, 'package.json'), 'utf8')) as {
  readonly files: readonly string[];
};

const folder = await mkdtemp(join(tmpdir(), 'customers-production-'));
try {
  execFileSync('npm', ['run', '-s', 'build'], { cwd: repository, stdio: 'inherit' });
  for (const name of [...files, 'package.json', 'package-lock.json', '.npmrc']) {
    await cp(join(repository, name), join(folder, name), { recursive: true });
  }
  execFileSync('npm', ['ci', '--omit=dev'], { cwd: folder, stdio: 'inherit', timeout: installTimeoutMs });
  const count = await assertNoDevTool();
  await assertServes();
  process.stdout.write(`${count} packages without a dev tool, and the service runs on them\n`);
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function assertNoDevTool(): Promise<number> {
  const lock = join(folder, 'node_modules/.package-lock.json');
  const { packages } = JSON.parse(await readFile(lock, 'utf8')) as {
    packages: Record<string, { dev?: true }>;
  };
  const unwanted = Object.entries(packages)
    .filter(([, { dev }]) => dev)
    .map(([path]) => path);
  if (unwanted.length > 0) throw new Error(`A production install brings ${unwanted.join(', ')}`);
  return Object.keys(packages).length;
}

async function assertServes(): Promise<void> {
  const env = {
    PATH: process.env.PATH,
    PORT: '0',
    DATABASE_URL: 'sqlite::memory:',
    UV_THREADPOOL_SIZE: '16',
  };
  const child = spawn(process.execPath, ['dist/main.js', 'serve'], { cwd: folder, env });
  const exited = once(child, 'exit');
  const timer = setTimeout(() => child.kill('SIGKILL'), startTimeoutMs);
  let output = '';
  child.stderr.on('data', (text) => void process.stderr.write(text));
  for await (const text of child.stdout.setEncoding('utf8')) {
    output += text;
    const url = /"url":"(http:[^"]+)"/.exec(output)?.[1];
    if (!url) continue;
    const body = '{"name":"Ada Lovelace"}';
    const headers = { 'Content-Type': 'application/json' };
    const { status } = await fetch(`${url}/customers`, { method: 'POST', headers, body });
    if (status !== 201) throw new Error(`POST /customers answered ${status}`);
    break;
  }
  child.kill();
  const [code] = await exited;
  clearTimeout(timer);
  if (code !== 0) throw new Error(`The service ended with ${code}\n${output}`);
}
