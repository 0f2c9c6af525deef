/**
 * What a request costs must not creep up: the CPU time of the service for a request, as a multiple of what a bare
 * node:http server needs in the same run. Never an absolute time, and no wall clock: both are measured in turns,
 * and the best turn of each counts, for whatever else the machine does only adds to it.
 *
 * Planted bugs, and the multiples of a GET of one customer that they gave where it is LIMITS: see the end of this file.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { endWithThisProcess } from '../support/child-processes.ts';
import { temporaryFolder } from '../support/folder-contents.ts';
import { startCommand } from '../support/process.ts';

interface Target {
  readonly pid: number;
  readonly url: string;
  readonly path: string;
}

const soak = process.env.TEST_SOAK !== undefined;
const connections = 16;
const requestsPerTurn = 2000;
const turns = soak ? 12 : 3;
const multipleMax = { get: 6, list: 30 };

test('CPU time of a request against a bare server', {
  skip: !existsSync('/proc/self/stat') && 'it is read from /proc',
}, async (t) => {
  const bare = await startBare(t);
  const service = await startService(t);
  const id = await createCustomers(service.url);
  const targets: Readonly<Record<string, Target>> = {
    bare: { ...bare, path: '/' },
    get: { ...service, path: `/customers/${id}` },
    list: { ...service, path: '/customers?limit=20' },
  };
  // The code that runs hot is compiled first.
  for (const target of Object.values(targets)) await cpuUsOfTurn(target, requestsPerTurn * 2);
  const best: Record<string, number> = {};
  for (let turn = 0; turn < turns; turn += 1) {
    for (const [name, target] of Object.entries(targets)) {
      const cpuUs = await cpuUsOfTurn(target, requestsPerTurn);
      best[name] = Math.min(best[name] ?? Number.POSITIVE_INFINITY, cpuUs);
    }
  }
  for (const name of ['get', 'list'] as const) {
    const multiple = (best[name] ?? Number.NaN) / (best.bare ?? Number.NaN);
    t.diagnostic(
      `${name}: ${best[name]?.toFixed(0)} µs, ${multiple.toFixed(2)} times a bare server's ${best.bare?.toFixed(0)} µs`,
    );
    assert.ok(multiple < multipleMax[name], `${name} takes ${multiple} times what a bare server takes`);
  }
});

async function cpuUsOfTurn({ pid, url, path }: Target, count: number): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const before = cpuTimeUs(pid);
  let left = count;
  const caller = async (): Promise<void> => {
    while (left-- > 0) await get(url + path, agent);
  };
  await Promise.all(Array.from({ length: connections }, caller));
  const used = cpuTimeUs(pid) - before;
  agent.destroy();
  return used / count;
}

function get(url: string, agent: Agent): Promise<void> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { agent }, (response) => {
      if (response.statusCode !== 200) reject(new Error(`${url} was answered ${response.statusCode}.`));
      response.on('end', resolve).resume();
    });
    sent.on('error', reject).end();
  });
}

/** Of all threads, the kernel's work on their behalf included. Linux counts in hundredths of a second. */
function cpuTimeUs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
}

async function startService(t: TestContext): Promise<{ readonly pid: number; readonly url: string }> {
  const file = join(await temporaryFolder(t), 'customers.db');
  const command = await startCommand(['serve'], {
    env: { HOST: '127.0.0.1', PORT: '0', DATABASE_URL: `sqlite:${file}`, RATE_LIMIT_PER_MINUTE: '10000000' },
    ready: /"url":"(http:[^"]+)"/,
  });
  t.after(() => command.stop());
  return { pid: command.pid, url: command.match[1] as string };
}

async function startBare(t: TestContext): Promise<{ readonly pid: number; readonly url: string }> {
  const program = fileURLToPath(new URL('bare-server.ts', import.meta.url));
  const child: ChildProcess = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), program]);
  endWithThisProcess(child);
  t.after(() => void child.kill());
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout?.on('data', (text: Buffer) => resolve((JSON.parse(String(text)) as { url: string }).url));
    child.on('exit', () => reject(new Error('The bare server did not start.')));
  });
  return { pid: child.pid as number, url };
}

/** As many as a page shows; the id of the last one. */
async function createCustomers(url: string): Promise<string> {
  let id = '';
  for (let index = 0; index < 30; index += 1) {
    const reply = await fetch(`${url}/customers`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ name: `Customer ${index}`, email: `c${index}@example.com`, tags: ['a', 'b'] }),
    });
    ({ id } = (await reply.json()) as { id: string });
  }
  return id;
}
