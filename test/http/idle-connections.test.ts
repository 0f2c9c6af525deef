/** Thousands of idle connections and slow readers do not slow down other clients. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { describe, test } from 'node:test';
import { afterwards, type Cleanup } from '../support/cleanup.ts';
import { freshDatabaseUrl } from '../support/engines.ts';
import { startCommand } from '../support/process.ts';
import { byTier, tier } from '../support/tier.ts';

const soak = tier === 'soak';
const idleWanted = byTier({ quick: 500, full: 2000, soak: 10_000 });
/** File descriptors that both processes need besides these connections. */
const otherDescriptors = 500;
const slowClients = 20;
const requests = soak ? 1000 : 200;
/** The target is twice the quiet latency; a busy machine can add this much. */
const marginMs = 50;
/** More than the system's socket buffers hold, so that the disconnect becomes visible. */
const pagesOfGreedy = 4;
/** Longer than a client may take to read its response, in milliseconds. */
const replyTimeoutMs = 30_000;

const request = (path: string) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;

/** Node raises its own limit to what the system allows. */
function descriptorsMax(): number {
  const limit = execFileSync('sh', ['-c', 'ulimit -Hn'], { encoding: 'utf8' }).trim();
  return limit === 'unlimited' ? Number.POSITIVE_INFINITY : Number(limit);
}

async function open(url: string, sockets: Socket[]): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  sockets.push(socket);
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

/** Opens connections in groups, each answered once: a connection that never sends anything is closed. */
async function openIdle(url: string, count: number, sockets: Socket[]): Promise<void> {
  for (let opened = 0; opened < count; opened += 100) {
    const group = Array.from({ length: Math.min(100, count - opened) }, async () => {
      const socket = await open(url, sockets);
      socket.write(request('/livez'));
      await once(socket, 'data');
    });
    await Promise.all(group);
  }
}

interface Figures {
  readonly p99Ms: number;
  readonly failed: number;
}

/** Measures the services in turns, so that other load on the machine affects all of them alike. */
async function measure(urls: readonly string[]): Promise<Figures[]> {
  const timesMs = urls.map((): number[] => []);
  const failed = urls.map(() => 0);
  for (let count = 0; count < requests; count++) {
    for (const [index, url] of urls.entries()) {
      const startedAt = performance.now();
      const reply = await fetch(`${url}/customers?limit=1`);
      if (reply.status !== 200 || (await reply.text()) === '') failed[index] = (failed[index] ?? 0) + 1;
      timesMs[index]?.push(performance.now() - startedAt);
    }
  }
  return timesMs.map((times, index) => ({ p99Ms: percentile99(times), failed: failed[index] ?? 0 }));
}

/** The 99th percentile. */
function percentile99(timesMs: readonly number[]): number {
  return timesMs.toSorted((one, other) => one - other)[Math.floor(timesMs.length * 0.99)] ?? 0;
}

async function startService(cleanup: Cleanup) {
  const env = { PORT: '0', LOG_LEVEL: 'info', DATABASE_URL: await freshDatabaseUrl(cleanup, 'sqlite') };
  const service = await startCommand(['serve'], { env, ready: /"url":"(http:[^"]+)"/ });
  afterwards(cleanup, async () => void (await service.stop('SIGKILL')));
  return { url: service.match[1] ?? '', pid: service.pid };
}

/** Creates customers of the largest allowed size, so that a page of them fits into no socket buffer. */
async function createLargest(url: string): Promise<void> {
  const metadata = Object.fromEntries(Array.from({ length: 50 }, (_, key) => [`k${key}`, 'v'.repeat(500)]));
  const body = JSON.stringify({ name: 'Large', note: 'n'.repeat(5000), metadata });
  const headers = { 'content-type': 'application/json' };
  const creating = Array.from({ length: 100 }, () =>
    fetch(`${url}/customers`, { method: 'POST', headers, body }).then(async (reply) => {
      await reply.text();
      return reply.status;
    }),
  );
  for (const status of await Promise.all(creating)) assert.equal(status, 201);
}

function residentMegabytes(pid: number): number {
  const file = `/proc/${pid}/status`;
  if (!existsSync(file)) return 0;
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(file, 'utf8'))?.[1]) / 1024);
}

describe('idle connections', () => {
  test('do not delay other clients, even together with clients that send and read slowly', async (t) => {
    const idle = Math.min(idleWanted, descriptorsMax() - otherDescriptors);
    const { url, pid } = await startService(t);
    const { url: quietUrl } = await startService(t);
    const sockets: Socket[] = [];
    afterwards(t, () => sockets.forEach((socket) => void socket.destroy()));
    for (const each of [url, quietUrl]) await createLargest(each);
    const beforeMegabytes = residentMegabytes(pid);
    await openIdle(url, idle, sockets);
    const idleMegabytes = residentMegabytes(pid);
    const idleSockets = [...sockets];
    const readers: Socket[] = [];
    for (let count = 0; count < slowClients; count++) {
      const reader = await open(url, readers);
      reader.pause();
      reader.write(request('/customers?limit=100'));
      (await open(url, readers)).write('GET /customers HTTP/1.1\r\nHost: localhost\r\nX-Slow: ');
      const head =
        'POST /customers HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 99';
      (await open(url, readers)).write(`${head}\r\n\r\n{"name":"`);
    }
    sockets.push(...readers);
    // Rendering these pages takes CPU too; wait until it is done, because only unread responses are measured.
    await new Promise((resolve) => setTimeout(resolve, 2000));
    const [busy, quiet] = (await measure([url, quietUrl])) as [Figures, Figures];
    const slowMegabytes = residentMegabytes(pid);
    t.diagnostic(
      `${idle} idle connections and ${slowClients * 3} slow clients: p99 ${busy.p99Ms.toFixed(1)} ms, ` +
        `${quiet.p99Ms.toFixed(1)} ms without them, ${busy.failed + quiet.failed} failed`,
    );
    t.diagnostic(
      `RSS ${beforeMegabytes} MB, ${idleMegabytes} MB idle, ${slowMegabytes} MB with slow clients`,
    );
    assert.equal(busy.failed + quiet.failed, 0);
    assert.equal(idleSockets.filter((socket) => socket.closed).length, 0, 'an idle connection was closed');
    assert.ok(busy.p99Ms < 2 * quiet.p99Ms + marginMs, 'requests are delayed by idle connections');
    if (soak) await assertGreedyCut(url, sockets);
  });

  /** A client that never reads is disconnected, so that its response does not hold memory forever. */
  async function assertGreedyCut(url: string, sockets: Socket[]): Promise<void> {
    const readers = await Promise.all(Array.from({ length: slowClients }, () => open(url, sockets)));
    for (const reader of readers) {
      reader.pause();
      reader.write(request('/customers?limit=100').repeat(pagesOfGreedy));
    }
    await new Promise((resolve) => setTimeout(resolve, replyTimeoutMs + 15_000));
    for (const reader of readers) {
      // A paused socket notices its end only when it reads again.
      reader.resume();
      if (!reader.closed)
        await Promise.race([once(reader, 'close'), new Promise((r) => setTimeout(r, 5000))]);
      assert.ok(reader.closed, 'a client that never reads stays connected');
    }
  }
});
