/** How soon a change reaches those who follow the feed, and what a server needs that does nothing. */
import { get } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { copyOf, createApiKey, filledFile, minimalCopyOf } from './databases.ts';
import { idOf } from './dataset.ts';
import { type Measurement, measurement, median } from './measurement.ts';
import { memoryMb } from './process-figures.ts';
import { progress } from './progress.ts';
import { type Server, startPeer, startService } from './servers.ts';
import { peers } from './targets.ts';

const streams = 100;
const changes = 200;

/** From the acknowledgement of a POST to its arrival on every one of many live streams. */
export async function measureFeed(customers: number): Promise<Measurement[]> {
  progress(`${streams} streams of the change feed`);
  const file = copyOf(await filledFile(customers), 'feed');
  const service = await startService('feed', `sqlite:${file}`, await createApiKey(`sqlite:${file}`));
  const arrivals = new Map<string, number[]>();
  const followers = Array.from({ length: streams }, () => follow(service, arrivals));
  await Promise.all(followers.map(({ open }) => open));
  const posts: number[] = [];
  const delays: number[] = [];
  for (let count = 0; count < changes; count += 1) {
    const startedAt = performance.now();
    const id = await post(service, count);
    const acknowledgedAt = performance.now();
    posts.push(acknowledgedAt - startedAt);
    while ((arrivals.get(id)?.length ?? 0) < streams) await delay(1);
    for (const at of arrivals.get(id) ?? []) delays.push(Math.max(0, at - acknowledgedAt));
    arrivals.delete(id);
  }
  for (const { end } of followers) end();
  await service.stop();
  const slowest = (values: readonly number[]) => percentile(values, 0.99);
  const row = {
    id: 'feed',
    what: `p99 from the acknowledgement of a change to ${streams} live streams`,
    against: 'the p99 of the POST itself',
    ours: `${slowest(delays).toFixed(1)} ms`,
    theirs: `${slowest(posts).toFixed(1)} ms`,
  };
  return [measurement(row, [slowest(delays) / slowest(posts)], { atMost: 5 })];
}

function follow({ url, headers }: Server, arrivals: Map<string, number[]>) {
  const accept = { Accept: 'text/event-stream', ...headers };
  const request = get(`${url}/changes?after=latest`, { agent: false, headers: accept });
  request.on('error', () => undefined);
  const open = new Promise<void>((resolve, reject) => {
    request.on('response', (response) => {
      if (response.statusCode !== 200) reject(new Error(`A stream was answered ${response.statusCode}.`));
      response.setEncoding('utf8').on('data', (text: string) => {
        for (const [, id = ''] of text.matchAll(/"subject":"([^"]+)"/g)) {
          arrivals.set(id, [...(arrivals.get(id) ?? []), performance.now()]);
        }
      });
      response.on('error', () => undefined);
      resolve();
    });
  });
  return { open, end: () => request.destroy() };
}

async function post({ url, headers }: Server, count: number): Promise<string> {
  const reply = await fetch(`${url}/customers`, {
    method: 'POST',
    headers: { ...headers, 'Content-Type': 'application/json' },
    body: JSON.stringify({ name: `Followed ${count}` }),
  });
  return ((await reply.json()) as { id: string }).id;
}

function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** Start to first answer on an existing database, and memory at rest. */
export async function measureAtRest(customers: number, rounds: number): Promise<Measurement[]> {
  const filled = await filledFile(customers);
  const ours = copyOf(filled, 'rest');
  const theirs = await minimalCopyOf(filled, 'rest-minimal');
  const key = await createApiKey(`sqlite:${ours}`);
  const starts: [number, number][] = [];
  const memories: [number, number][] = [];
  for (let round = 0; round <= rounds; round += 1) {
    progress(`start and memory at rest, round ${round} of ${rounds}`);
    const one = await startAndRest(() => startService('rest', `sqlite:${ours}`, key));
    const other = await startAndRest(() => startPeer('rest-minimal', 'fastify-sqlite.js', theirs));
    // The first start reads the programs from the disk.
    if (round === 0) continue;
    starts.push([one.startMs, other.startMs]);
    memories.push([one.memoryMb, other.memoryMb]);
  }
  const row = (what: string, unit: string, pairs: readonly [number, number][], atMost: number) => {
    const side = (index: 0 | 1) => `${median(pairs.map((pair) => pair[index])).toFixed(0)} ${unit}`;
    const named = { id: what, what, against: peers.minimal, ours: side(0), theirs: side(1) };
    return measurement(
      named,
      pairs.map(([one, other]) => one / other),
      { atMost },
    );
  };
  return [
    row('start to first answer on an existing database', 'ms', starts, 3),
    row('memory at rest', 'MB', memories, 1.6),
  ];
}

async function startAndRest(start: () => Promise<Server>) {
  const startedAt = performance.now();
  const server = await start();
  const reply = await fetch(`${server.url}/customers/${idOf(1)}`, { headers: server.headers });
  await reply.text();
  const startMs = performance.now() - startedAt;
  await delay(1500);
  const { now } = memoryMb(server.pid);
  await server.stop();
  return { startMs, memoryMb: now };
}
