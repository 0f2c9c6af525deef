import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { availableParallelism, constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import pg from 'pg';
import { readVersion, startPostgresCluster } from '../../test/support/postgres-cluster.ts';
import { type Job, listJobs } from './jobs.ts';
import type { Summary } from './reporter.ts';
import type { Tier } from './tier.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));

/** A job that takes longer than this hangs. */
const jobTimeoutMs: Readonly<Record<Tier, number>> = {
  quick: 5 * 60_000,
  full: 20 * 60_000,
  soak: 3 * 3_600_000,
};
const killTimeoutMs = 10_000;

export interface RunOptions {
  readonly tier: Tier;
  readonly filters: readonly string[];
  readonly seed: number;
}

const print = (line: string) => void process.stdout.write(`${line}\n`);

/** Runs the tests and prints what they say. Resolves with the exit code. */
export async function run({ tier, filters, seed }: RunOptions): Promise<number> {
  const jobs = await listJobs(repository, tier, filters);
  const count = jobs.reduce((sum, { files }) => sum + files.length, 0);
  if (count === 0) throw new Error(`No test file matches ${filters.join(' ') || 'test/**/*.test.ts'}.`);
  const startedMs = performance.now();
  const interruption = watchSignals();
  const program = await buildProgram();
  const database = await openDatabase();
  try {
    print(
      `${count} test files in ${jobs.length} processes, Node ${process.version}, PostgreSQL ${database.version} (${database.origin})`,
    );
    print(
      `seed ${seed}: TEST_SEED=${seed} npm ${tier === 'quick' ? 'test' : `run test:${tier}`} repeats these random values`,
    );
    if (interruption.signal) return exitCodeOf(interruption.signal);
    const env = {
      ...process.env,
      TEST_DATABASE_URL: database.url,
      TEST_TEMPLATE: database.template,
      TEST_PROGRAM: program,
      TEST_SEED: String(seed),
      TEST_TIER: tier,
      ...(filters.length > 0 ? { TEST_VERBOSE: '1' } : {}),
      // SQLite's connections each occupy a thread, and Node reads the size when it starts.
      UV_THREADPOOL_SIZE: process.env.UV_THREADPOOL_SIZE ?? '16',
    };
    const total = await runJobs(jobs, { env, interruption, timeoutMs: jobTimeoutMs[tier] });
    if (interruption.signal) return exitCodeOf(interruption.signal);
    return conclude(total, performance.now() - startedMs);
  } finally {
    await database.stop();
  }
}

/** Compiles the program, since the tests run what users run. */
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
  /** The name of the database that the tests copy; the first test that needs it makes it. */
  readonly template: string;
  stop(): Promise<void>;
}

async function openDatabase(): Promise<Database> {
  const url = process.env.TEST_DATABASE_URL;
  const template = `template_${randomBytes(8).toString('hex')}`;
  if (!url) return { ...(await startPostgresCluster()), template, origin: 'embedded' };
  const version = await readVersion(url).catch((failure) => {
    throw new Error(`The PostgreSQL of TEST_DATABASE_URL cannot be used: ${failure.message}`);
  });
  return { url, version, template, origin: 'TEST_DATABASE_URL', stop: () => dropDatabase(url, template) };
}

async function dropDatabase(url: string, name: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(`DROP DATABASE IF EXISTS ${name}`);
  await client.end();
}

interface Interruption {
  signal: NodeJS.Signals | undefined;
  /** The processes that a signal is passed on to. */
  readonly children: Set<ChildProcess>;
}

/** Passes signals on to the tests, so that this process can stop the database before it ends. */
function watchSignals(): Interruption {
  const interruption: Interruption = { signal: undefined, children: new Set() };
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      interruption.signal ??= name;
      for (const child of interruption.children) endChild(child, name);
    });
  }
  return interruption;
}

function endChild(child: ChildProcess, signal: NodeJS.Signals): void {
  child.kill(signal);
  setTimeout(() => child.kill('SIGKILL'), killTimeoutMs).unref();
}

interface JobContext {
  readonly env: NodeJS.ProcessEnv;
  readonly interruption: Interruption;
  readonly timeoutMs: number;
}

/** Runs one job more than there are cores, because tests wait for timers and databases much of the time. */
async function runJobs(jobs: readonly Job[], context: JobContext): Promise<Summary> {
  const folder = await mkdtemp(join(tmpdir(), 'customers-test-results-'));
  const waiting = jobs.map((job, index) => ({ job, summaryFile: join(folder, `${index}.json`) }));
  const total: Summary = { passed: 0, failed: 0, skipped: [] };
  const work = async () => {
    for (let next = waiting.shift(); next && !context.interruption.signal; next = waiting.shift()) {
      const { passed, failed, skipped } = await runJob(next.job, next.summaryFile, context);
      total.passed += passed;
      total.failed += failed;
      total.skipped.push(...skipped);
    }
  };
  try {
    await Promise.all(Array.from({ length: availableParallelism() + 1 }, work));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return total;
}

/** Prints the output of a job when it has ended, so that jobs do not mix theirs. */
async function runJob(
  job: Job,
  summaryFile: string,
  { env, interruption, timeoutMs }: JobContext,
): Promise<Summary> {
  const startedMs = performance.now();
  const reporter = fileURLToPath(new URL('reporter.ts', import.meta.url));
  const flags = ['--import', 'tsx', `--test-reporter=${reporter}`, '--test-reporter-destination=stdout'];
  const child = spawn(
    process.execPath,
    [...flags, fileURLToPath(new URL('job.ts', import.meta.url)), ...job.files],
    {
      cwd: repository,
      env: { ...env, TEST_SUMMARY: summaryFile },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  interruption.children.add(child);
  const output: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => output.push(chunk));
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    endChild(child, 'SIGTERM');
  }, timeoutMs);
  const [code, signal] = await once(child, 'close');
  clearTimeout(timer);
  interruption.children.delete(child);
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  const name = job.files.length === 1 ? job.files[0] : `${job.files[0]} and ${job.files.length - 1} more`;
  print(`\n== ${name} (${seconds} s)`);
  process.stdout.write(Buffer.concat(output));
  const summary = await readSummary(summaryFile);
  if (
    summary &&
    summary.passed + summary.failed + summary.skipped.length > 0 &&
    (code === 0 || summary.failed > 0)
  )
    return summary;
  if (interruption.signal) return { passed: 0, failed: 0, skipped: [] };
  const reason = timedOut
    ? `did not end within ${timeoutMs / 1000} s`
    : `ended with ${signal ?? code} and ran ${summary ? summary.passed : 'an unknown number of'} tests`;
  print(`✖ ${job.files.join(' ')} ${reason}`);
  return {
    passed: summary?.passed ?? 0,
    failed: (summary?.failed ?? 0) + 1,
    skipped: summary?.skipped ?? [],
  };
}

async function readSummary(file: string): Promise<Summary | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch {
    return undefined;
  }
}

/** CI installs every tool that a test needs, so there a skipped test is a failure. */
function conclude({ passed, failed, skipped }: Summary, durationMs: number): number {
  print('');
  for (const { title, reason } of skipped) print(`﹣ skipped: ${title}: ${reason}`);
  if (skipped.length > 0 && process.env.CI) print('Skipped tests fail in CI. Install what they need.');
  print(`${Math.round(durationMs / 1000)} s`);
  print(`${passed} passed, ${failed} failed, ${skipped.length} skipped`);
  return failed > 0 || passed === 0 || (skipped.length > 0 && process.env.CI) ? 1 : 0;
}

/** The exit code by which shells say that a signal ended a program. */
function exitCodeOf(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal];
}
