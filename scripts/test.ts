import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { constants } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { readVersion, startPostgresCluster } from '../test/support/postgres-cluster.ts';

/**
 * Runs the tests on both databases: `npm test`, `npm test -- <part of a path>...`, `npm run test:soak`.
 * Node 20 runs zero tests, and passes, when it is given a folder or a glob: the files are listed here.
 */

const repository = fileURLToPath(new URL('..', import.meta.url));

/** A file that takes longer hangs. */
const fileTimeoutMs = 8 * 60_000;
const soakFileTimeoutMs = 3 * 3_600_000;
const killTimeoutMs = 10_000;

const print = (line: string) => void process.stdout.write(`${line}\n`);

async function main(): Promise<number> {
  const soak = process.argv.includes('--soak');
  const filters = process.argv.slice(2).filter((argument) => argument !== '--soak');
  const unknown = filters.find((filter) => filter.startsWith('-'));
  if (unknown)
    throw new Error(`Unknown option ${unknown}. Known: --soak, and parts of the paths of test files.`);
  const files = await listTestFiles(filters);
  if (files.length === 0)
    throw new Error(`No test file matches ${filters.join(' ') || 'test/**/*.test.ts'}.`);
  const seed = readSeed();
  const interruption = watchSignals();
  const program = await buildProgram();
  const database = await openDatabase();
  try {
    print(
      `${files.length} test files, Node ${process.version}, PostgreSQL ${database.version} (${database.origin})`,
    );
    print(
      `seed ${seed}: TEST_SEED=${seed} npm ${soak ? 'run test:soak' : 'test'} draws the same values again`,
    );
    if (interruption.signal) return exitCodeOf(interruption.signal);
    return await runFiles(files, interruption, {
      ...process.env,
      TEST_DATABASE_URL: database.url,
      TEST_PROGRAM: program,
      TEST_SEED: String(seed),
      ...(soak ? { TEST_SOAK: '1' } : {}),
      // SQLite's connections each occupy a thread, and the size is read when a process starts.
      UV_THREADPOOL_SIZE: process.env.UV_THREADPOOL_SIZE ?? '16',
    });
  } finally {
    await database.stop();
  }
}

/** Paths below the repository, in the order of their names. */
async function listTestFiles(filters: readonly string[]): Promise<string[]> {
  const entries = await readdir(join(repository, 'test'), { recursive: true });
  return entries
    .filter((entry) => entry.endsWith('.test.ts'))
    .map((entry) => join('test', entry))
    .filter((file) => filters.length === 0 || filters.some((filter) => file.includes(filter)))
    .sort();
}

function readSeed(): number {
  const given = process.env.TEST_SEED;
  if (given === undefined) return randomInt(2 ** 32);
  if (!/^\d{1,10}$/.test(given) || Number(given) >= 2 ** 32) {
    throw new Error(`TEST_SEED must be an integer from 0 to ${2 ** 32 - 1}.`);
  }
  return Number(given);
}

/** What users run is what is tested: see test/support/program.ts. */
async function buildProgram(): Promise<string> {
  await promisify(execFile)('npm', ['run', '--silent', 'build'], { cwd: repository }).catch((failure) => {
    throw new Error(`The sources do not compile:\n${failure.stdout}${failure.stderr}`);
  });
  return join(repository, 'dist', 'main.js');
}

interface Database {
  readonly url: string;
  readonly version: string;
  readonly origin: string;
  stop(): Promise<void>;
}

async function openDatabase(): Promise<Database> {
  const url = process.env.TEST_DATABASE_URL;
  if (!url) return { ...(await startPostgresCluster()), origin: 'embedded' };
  const version = await readVersion(url).catch((failure) => {
    throw new Error(`The PostgreSQL of TEST_DATABASE_URL cannot be used: ${failure.message}`);
  });
  return { url, version, origin: 'TEST_DATABASE_URL', stop: async () => undefined };
}

interface Interruption {
  signal: NodeJS.Signals | undefined;
  /** Whom a signal is passed on to. */
  child: ChildProcess | undefined;
}

/** From here on a signal ends the tests, and the database is stopped in order, instead of this process. */
function watchSignals(): Interruption {
  const interruption: Interruption = { signal: undefined, child: undefined };
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      interruption.signal ??= name;
      interruption.child?.kill(name);
      setTimeout(() => interruption.child?.kill('SIGKILL'), killTimeoutMs).unref();
    });
  }
  return interruption;
}

async function runFiles(
  files: readonly string[],
  interruption: Interruption,
  env: NodeJS.ProcessEnv,
): Promise<number> {
  const timeoutMs = env.TEST_SOAK ? soakFileTimeoutMs : fileTimeoutMs;
  const flags = ['--test', '--test-concurrency=2', '--test-reporter=spec', `--test-timeout=${timeoutMs}`];
  const child = spawn(process.execPath, ['--import', 'tsx', ...flags, ...files], {
    cwd: repository,
    env,
    stdio: 'inherit',
  });
  interruption.child = child;
  const [code, signal] = await once(child, 'exit');
  interruption.child = undefined;
  if (interruption.signal) return exitCodeOf(interruption.signal);
  return code ?? exitCodeOf(signal);
}

/** The code by which shells tell that a signal ended a program. */
function exitCodeOf(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal];
}

process.exitCode = await main().catch((failure: unknown) => {
  process.stderr.write(`${failure instanceof Error ? failure.message : String(failure)}\n`);
  return 1;
});
