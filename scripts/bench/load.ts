/** Load on a server: by wrk where it is installed, else by autocannon. */
import { execFile, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { benchFolder } from './servers.ts';

/** A request of a load. `{n}` in its body becomes a text that no other request has. */
export interface LoadRequest {
  readonly method: 'GET' | 'POST' | 'PATCH';
  readonly path: string;
  readonly body?: string;
}

export interface Load {
  readonly requests: readonly LoadRequest[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly connections: number;
  readonly seconds: number;
}

/** What came of a load. */
export interface LoadResult {
  readonly requests: number;
  readonly durationUs: number;
  /** Replies that are neither 2xx nor 3xx. */
  readonly refused: number;
  readonly broken: number;
  readonly p50Us: number;
  readonly p99Us: number;
}

const hasWrk = spawnSync('wrk', ['-v']).error === undefined;

/** The tool that makes the load, for the report. */
export const generator = hasWrk ? 'wrk' : 'autocannon';

let runs = 0;

/** Sends requests at random for so long. Rejects when any of them did not get its good answer. */
export async function putLoad(url: string, load: Load): Promise<LoadResult> {
  const run = `${process.pid}${++runs}`;
  const result = hasWrk ? await byWrk(url, load, run) : await byAutocannon(url, load, run);
  if (result.requests === 0 || result.refused > 0 || result.broken > 0) {
    const [first] = load.requests;
    throw new Error(`${first?.method} ${first?.path} at ${url} went wrong: ${JSON.stringify(result)}`);
  }
  return result;
}

const script = fileURLToPath(new URL('wrk.lua', import.meta.url));
const requestFiles = new WeakMap<readonly LoadRequest[], string>();

async function byWrk(url: string, load: Load, run: string): Promise<LoadResult> {
  const { requests, headers = {}, connections, seconds } = load;
  const file = requestFiles.get(requests) ?? join(benchFolder, `${run}.requests`);
  if (!requestFiles.has(requests)) {
    const lines = requests.map(({ method, path, body = '' }) => `${method}\t${path}\t${body}\n`);
    writeFileSync(file, lines.join(''));
    requestFiles.set(requests, file);
  }
  const fields = Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`]);
  const flags = ['-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '30s', '-s', script, ...fields];
  const { stdout } = await promisify(execFile)('wrk', [...flags, url, '--', file, run]);
  return JSON.parse(stdout.slice(stdout.lastIndexOf('{"requests"')));
}

type Autocannon = (options: object) => Promise<{
  readonly requests: { readonly total: number };
  readonly duration: number;
  readonly non2xx: number;
  readonly errors: number;
  readonly timeouts: number;
  readonly latency: { readonly p50: number; readonly p99: number };
}>;

async function byAutocannon(url: string, load: Load, run: string): Promise<LoadResult> {
  const autocannon = createRequire(import.meta.url)('autocannon') as Autocannon;
  let count = 0;
  const { requests, headers = {}, connections, seconds } = load;
  const result = await autocannon({
    url,
    connections,
    duration: seconds,
    requests: requests.map((request) => ({
      ...request,
      setupRequest(prepared: { readonly headers?: object }) {
        const number = `${run}-${++count}`;
        const keyed = headers['Idempotency-Key'] ? { 'Idempotency-Key': number } : {};
        const body = request.body?.replaceAll('{n}', number);
        return { ...prepared, headers: { ...prepared.headers, ...headers, ...keyed }, body };
      },
    })),
  });
  return {
    requests: result.requests.total,
    durationUs: result.duration * 1e6,
    refused: result.non2xx,
    broken: result.errors + result.timeouts,
    p50Us: result.latency.p50 * 1000,
    p99Us: result.latency.p99 * 1000,
  };
}
