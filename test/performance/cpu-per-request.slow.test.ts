/**
 * CPU time of the service per request, as a multiple of a bare node:http server's in the same run. Never an
 * absolute time or a wall clock: both are measured in many short turns, and the best turn of each counts,
 * because other load only adds to it.
 *
 * Planted, and each failed: messages whose prototypes Express swaps, a query for each read, a bare `LIMIT ?`.
 */

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { endWithThisProcess } from '../support/child-processes.ts';
import { freshDatabaseUrl } from '../support/engines.ts';
import { tier } from '../support/tier.ts';
import { cpuUsOfTurn, createCustomers, startMeasured, type Target } from './cpu-of-requests.ts';

const soak = tier === 'soak';
/** Enough for hot code to be compiled. */
const warmUpRequests = 8000;
const requestsPerTurn = 500;
const turns = soak ? 60 : 20;
const multipleMax = { get: 6, list: 26 };
const roundsMax = 3;

test('CPU time of a request compared with a bare server', {
  skip: !existsSync('/proc/self/schedstat') && 'it is read from /proc',
}, async (t) => {
  const bare = await startBare(t);
  const service = await startMeasured(t, await freshDatabaseUrl(t, 'sqlite'));
  const id = await createCustomers(service.url);
  const targets: Readonly<Record<string, Target>> = {
    bare: { ...bare, path: '/' },
    get: { ...service, path: `/customers/${id}` },
    list: { ...service, path: '/customers?limit=20' },
  };
  for (const target of Object.values(targets)) await cpuUsOfTurn(target, warmUpRequests);
  // Other load on the machine only ever raises a multiple, so the lowest of three rounds counts.
  const lowest = { get: Number.POSITIVE_INFINITY, list: Number.POSITIVE_INFINITY };
  for (let round = 0; round < roundsMax; round += 1) {
    const multiples = await measureRound(targets);
    for (const name of ['get', 'list'] as const) lowest[name] = Math.min(lowest[name], multiples[name]);
    if (lowest.get < multipleMax.get && lowest.list < multipleMax.list) break;
  }
  for (const name of ['get', 'list'] as const) {
    t.diagnostic(`${name}: ${lowest[name].toFixed(2)} times a bare server`);
    assert.ok(
      lowest[name] < multipleMax[name],
      `${name} takes ${lowest[name]} times as long as a bare server`,
    );
  }
});

/** The median multiples of a bare server, paired within a turn: the processor's speed changes between turns. */
async function measureRound(
  targets: Readonly<Record<string, Target>>,
): Promise<{ get: number; list: number }> {
  const turnsOf: Record<string, number[]> = { bare: [], get: [], list: [] };
  for (let turn = 0; turn < turns; turn += 1) {
    for (const [name, target] of Object.entries(targets)) {
      turnsOf[name]?.push(await cpuUsOfTurn(target, requestsPerTurn));
    }
  }
  const multipleOf = (name: string) =>
    median((turnsOf[name] ?? []).map((cpuUs, turn) => cpuUs / (turnsOf.bare?.[turn] ?? Number.NaN)));
  return { get: multipleOf('get'), list: multipleOf('list') };
}

function median(values: readonly number[]): number {
  return [...values].sort((one, other) => one - other)[Math.floor(values.length / 2)] ?? Number.NaN;
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
