/**
 * Under requests that never repeat an id, key, media type or name, heap and descriptors stay flat. The short
 * form only finds what grows with each request; the soak finds the rest.
 *
 * Planted: the parameters of Content-Type left on the request. The validator compiled and kept schemas for
 * each.
 */

import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { afterwards, suiteCleanup } from '../support/cleanup.ts';
import { describeEngines } from '../support/engines.ts';
import { randomFrom } from '../support/random.ts';
import { tier } from '../support/tier.ts';
import { createSender } from './hostile-request.ts';
import { createResources } from './resources.ts';
import { openDescriptors, type ServiceProcess, startServiceProcess } from './service-process.ts';
import { variedRequests } from './varied-requests.ts';

const soak = tier === 'soak';
const warmUp = soak ? { ms: 4 * 60_000 } : { requests: 500 };
const measured = soak ? { ms: 20 * 60_000 } : { requests: 2000 };
const samples = soak ? 40 : 2;
/** A rate for long runs; in short ones, only growth by megabytes is significant. */
const growthMbPerMinuteMax = 0.2;
const shortGrowthMbMax = 4;
const descriptorsGrowthMax = 5;

describeEngines('memory', (engine) => {
  const cleanup = suiteCleanup();

  test('heap and descriptors stay flat', async (t) => {
    if (openDescriptors(process.pid) === undefined) return t.skip('this system does not report them');
    const folder = await mkdtemp(join(tmpdir(), 'customers-test-heap-'));
    afterwards(cleanup, () => rm(folder, { recursive: true, force: true }));
    const file = join(folder, 'heap');
    const service = await startServiceProcess(cleanup, engine, {
      env: { HEAP_PROBE_FILE: file, LOG_LEVEL: 'info' },
      nodeFlags: [
        '--expose-gc',
        '--import',
        'tsx',
        '--import',
        new URL('./heap-probe.ts', import.meta.url).href,
      ],
    });
    const load = startLoad(service.url, engine);
    await load.run(warmUp);
    const restingDescriptors = await load.pausing(() => descriptorsOf(service));
    await load.pausing(() => probe(service, file, 1));
    const startedAt = performance.now();
    for (let count = 1; count <= samples; count++) {
      await load.run(part(measured, samples));
      await load.pausing(() => probe(service, file, count + 1));
    }
    const minutes = (performance.now() - startedAt) / 60_000;
    const sent = await load.stop();
    const heapsMb = await readHeaps(file);
    const descriptors = await descriptorsOf(service);
    const rate = slope(heapsMb) / (minutes / samples);
    const growthMb = (heapsMb.at(-1) ?? 0) - (heapsMb[0] ?? 0);
    t.diagnostic(
      `${sent} requests, ${minutes.toFixed(1)} min measured; heap ${heapsMb[0]?.toFixed(1)} MB, then ` +
        `${heapsMb.at(-1)?.toFixed(1)} MB (${rate.toFixed(2)} MB/min); descriptors ${restingDescriptors}, then ${descriptors}`,
    );
    if (soak) assert.ok(rate <= growthMbPerMinuteMax, `${rate} MB/min: ${heapsMb}`);
    else assert.ok(growthMb <= shortGrowthMbMax, `${growthMb} MB: ${heapsMb}`);
    assert.ok(
      descriptors - restingDescriptors <= descriptorsGrowthMax,
      `${restingDescriptors}, then ${descriptors}`,
    );
  });
});

/** The length of the load: a time, or a number of requests that does not depend on the machine. */
type Stretch = { readonly ms: number } | { readonly requests: number };

function part(stretch: Stretch, parts: number): Stretch {
  return 'ms' in stretch ? { ms: stretch.ms / parts } : { requests: stretch.requests / parts };
}

/** Sends varied requests until stopped, and pauses for measurements. */
function startLoad(url: string, engine: string) {
  const requests = variedRequests(randomFrom(`memory ${engine}`));
  const withCustomer = createResources({ call: (method, path, options) => call(url, method, path, options) });
  let sender = createSender(url);
  let stopped = false;
  let sent = 0;
  let gate: Promise<void> = Promise.resolve();
  const underWay = new Set<Promise<unknown>>();

  const worker = async () => {
    while (!stopped) {
      await gate;
      const one = withCustomer(requests.next().value).then((ready) => sender.send(ready));
      underWay.add(one);
      await one.catch(() => undefined).finally(() => underWay.delete(one));
      sent++;
    }
  };
  const workers = Array.from({ length: 8 }, worker);

  return {
    async run(stretch: Stretch): Promise<void> {
      if ('ms' in stretch) return delay(stretch.ms);
      const enough = sent + stretch.requests;
      while (sent < enough) await delay(10);
    },
    async pausing<Result>(measure: () => Promise<Result>): Promise<Result> {
      let open = () => {};
      gate = new Promise((resolve) => {
        open = resolve;
      });
      await Promise.allSettled(underWay);
      // Reconnect, to check that closed connections are released.
      sender.close();
      const result = await measure();
      sender = createSender(url);
      open();
      return result;
    },
    async stop(): Promise<number> {
      stopped = true;
      await Promise.all(workers);
      sender.close();
      return sent;
    },
  };
}

async function call<Body>(url: string, method: string, path: string, options?: { readonly body?: unknown }) {
  const headers = { 'Content-Type': 'application/json', Connection: 'close' };
  const reply = await fetch(url + path, { method, headers, body: JSON.stringify(options?.body) ?? null });
  const text = await reply.text();
  return { json: (text ? JSON.parse(text) : undefined) as Body } as never;
}

/** Counted after closed sockets have gone. */
async function descriptorsOf({ pid }: ServiceProcess): Promise<number> {
  await delay(500);
  return openDescriptors(pid) ?? 0;
}

/** Makes the process report its heap for the nth time. */
async function probe({ pid }: ServiceProcess, file: string, count: number): Promise<void> {
  process.kill(pid, 'SIGUSR2');
  for (let tries = 0; tries < 200; tries++) {
    if ((await readHeaps(file)).length >= count) return;
    await delay(50);
  }
  throw new Error('The process does not report its heap.');
}

async function readHeaps(file: string): Promise<number[]> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text.split('\n').filter(Boolean).map(Number);
}

/** The slope of the least-squares line through the values. */
function slope(values: readonly number[]): number {
  const middle = (values.length - 1) / 2;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const above = values.reduce((sum, value, index) => sum + (index - middle) * (value - mean), 0);
  return above / values.reduce((sum, _, index) => sum + (index - middle) ** 2, 0);
}
