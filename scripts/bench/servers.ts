/** Starts the service and the peers as processes of their own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export const repository = fileURLToPath(new URL('../..', import.meta.url));

/** Where databases and logs of the bench are. Nothing of it is committed. */
export const benchFolder = join(repository, 'data', 'bench');

export interface Server {
  readonly name: string;
  readonly url: string;
  readonly pid: number;
  /** What each request to it must carry. */
  readonly headers: Readonly<Record<string, string>>;
  readonly startMs: number;
  stop(): Promise<void>;
}

interface Program {
  readonly name: string;
  readonly logName?: string;
  readonly nodeArguments: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Above any possible rate: the limit is counted and reported, but refuses no request. */
const rateLimit = '10000000';

/** The service as `npm start` runs it, with everything on. Its access log goes to a file. */
export function startService(
  logName: string,
  databaseUrl: string,
  apiKey: string,
  name = 'service',
): Promise<Server> {
  return startProgram({
    name,
    logName,
    nodeArguments: [...nodeFlags, 'dist/main.js', 'serve'],
    env: {
      NODE_ENV: 'production',
      UV_THREADPOOL_SIZE: '16',
      HOST: '127.0.0.1',
      PORT: '0',
      DATABASE_URL: databaseUrl,
      AUTH: 'keys',
      RATE_LIMIT_PER_MINUTE: rateLimit,
      RETENTION_CHANGES_DAYS: '36500',
    },
    headers: { Authorization: `Bearer ${apiKey}` },
  });
}

export function startPeer(
  name: string,
  file: string,
  database: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Server> {
  return startProgram({
    name,
    nodeArguments: [`scripts/bench/peers/${file}`],
    env: { NODE_ENV: 'production', DATABASE: database, ...env },
  });
}

/** Such as `--cpu-prof`, for a profile of the service under the load of the bench. */
const nodeFlags = process.env.BENCH_NODE_FLAGS?.split(' ') ?? [];

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

async function startProgram({
  name,
  logName = name,
  nodeArguments,
  env,
  headers = {},
}: Program): Promise<Server> {
  mkdirSync(benchFolder, { recursive: true });
  const logFile = join(benchFolder, `${logName}.log`);
  const log = openSync(logFile, 'w');
  const startedAt = performance.now();
  const child = spawn(process.execPath, nodeArguments, {
    cwd: repository,
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  running.add(child);
  const url = await untilListening(child, logFile);
  return {
    name,
    url,
    headers,
    pid: child.pid as number,
    startMs: performance.now() - startedAt,
    async stop() {
      running.delete(child);
      if (child.exitCode !== null) return;
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}

const startTimeoutMs = 60_000;

async function untilListening(child: ChildProcess, logFile: string): Promise<string> {
  const deadline = performance.now() + startTimeoutMs;
  for (;;) {
    const log = readFileSync(logFile, 'utf8');
    const url = /"url":"(http:[^"]+)"/.exec(log)?.[1];
    if (url) return url;
    if (child.exitCode !== null || performance.now() > deadline) throw new Error(`It did not start:\n${log}`);
    await delay(2);
  }
}
