/** Many open streams of a service in its own process: what each receives, and their cost. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { loadConfig } from '../../src/config/config.ts';
import { migrate } from '../../src/storage/open.ts';
import { afterwards, type Cleanup } from '../support/cleanup.ts';
import { describeEngines, freshDatabaseUrl } from '../support/engines.ts';
import { startCommand } from '../support/process.ts';
import { program } from '../support/program.ts';
import { byTier, tier } from '../support/tier.ts';

const soak = tier === 'soak';
const streamCount = byTier({ full: 200, soak: 1000 });
/** Streams that are not read. */
const unreadCount = 5;
const smallChanges = 50;
/** Far more than sockets buffer, so that queued data for unread streams would show. */
const largeChanges = soak ? 3000 : 600;
const largeNote = '\u{1f600}'.repeat(3500);
const growthMaxMb = 40;
const patienceMs = 60_000;

describeEngines('many event streams', (engine) => {
  test(`${streamCount} receive every change, and memory stays flat`, async (t) => {
    const databaseUrl = await freshDatabaseUrl(t, engine);
    await migrate(loadConfig({ DATABASE_URL: databaseUrl }).database);
    const { url, memory } = await serve(t, databaseUrl);
    await write(url, 100, null);
    const atRest = await memory();
    const listeners = await openAll(t, url, streamCount);
    const opened = await memory();

    const startedAt = performance.now();
    await write(url, smallChanges, 'small');
    await received(listeners, smallChanges);
    const fannedOutMs = performance.now() - startedAt;
    const fannedOut = await memory();

    const [pausedStreams, readStreams] = [
      listeners.slice(0, unreadCount),
      listeners.slice(unreadCount, 2 * unreadCount),
    ];
    for (const { socket } of listeners.slice(2 * unreadCount)) socket.destroy();
    for (const { socket } of pausedStreams) socket.pause();
    await write(url, largeChanges, largeNote);
    await received(readStreams, smallChanges + largeChanges);
    const unread = await memory();

    for (const { faults } of listeners) assert.equal(faults, 0, 'a position was skipped or repeated');
    // Not of the whole process, most of which is SQLite's cache of a growing file.
    const growthMb = unread.heapMb + unread.externalMb - fannedOut.heapMb - fannedOut.externalMb;
    t.diagnostic(
      `${streamCount} streams x ${smallChanges} changes in ${Math.round(fannedOutMs)} ms, 0 skipped, 0 repeated; ` +
        `${Math.round(((opened.rssMb - atRest.rssMb) / streamCount) * 1024)} kB a stream; MB: ` +
        JSON.stringify({ atRest, opened, fannedOut, unread }),
    );
    t.diagnostic(
      `${unreadCount} streams unread during ${largeChanges} changes of 28 kB: ${Math.round(growthMb)} MB more`,
    );
    assert.ok(growthMb < growthMaxMb, `${growthMb} MB more`);
  });
});

interface Listener {
  readonly socket: Socket;
  count: number;
  /** Events that did not follow the previous one. */
  faults: number;
}

/** Plain sockets, so that a thousand clients do not cost the test more than the service. */
async function openAll(cleanup: Cleanup, url: string, count: number): Promise<Listener[]> {
  const listeners: Listener[] = [];
  afterwards(cleanup, () => {
    for (const { socket } of listeners) socket.destroy();
  });
  for (let index = 0; index < count; index++) listeners.push(await listen(url));
  return listeners;
}

async function listen(url: string): Promise<Listener> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => undefined);
  const listener: Listener = { socket, count: 0, faults: 0 };
  let last: number | undefined;
  let rest = '';
  socket.setEncoding('latin1').on('data', (text: string) => {
    const whole = rest + text;
    const end = whole.lastIndexOf('\n') + 1;
    rest = whole.slice(end);
    for (const [, id] of whole.slice(0, end).matchAll(/^id: (\d+)$/gm)) {
      if (last !== undefined) listener.count += 1;
      if (last !== undefined && Number(id) !== last + 1) listener.faults += 1;
      last = Number(id);
    }
  });
  socket.write('GET /changes?after=latest HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n');
  while (last === undefined) await once(socket, 'data');
  return listener;
}

async function received(listeners: readonly Listener[], count: number): Promise<void> {
  const deadlineMs = Date.now() + patienceMs;
  while (listeners.some((listener) => listener.count < count)) {
    assert.ok(Date.now() < deadlineMs, `a stream has ${Math.min(...listeners.map((each) => each.count))}`);
    await delay(5);
  }
}

async function write(url: string, count: number, note: string | null): Promise<void> {
  const body = JSON.stringify({ name: 'Ada', note });
  const headers = { 'content-type': 'application/json' };
  for (let left = count; left > 0; left -= 10) {
    const batch = Array.from({ length: Math.min(left, 10) }, async () => {
      const reply = await fetch(`${url}/customers`, { method: 'POST', headers, body });
      await reply.arrayBuffer();
      assert.equal(reply.status, 201);
    });
    await Promise.all(batch);
  }
}

async function memoryOf(url: string) {
  const text = await (await fetch(`${url}/metrics`)).text();
  const megabytes = (name: string) =>
    Math.round(Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]) / 2 ** 20);
  return {
    rssMb: megabytes('process_resident_memory_bytes'),
    heapMb: megabytes('nodejs_heap_size_used_bytes'),
    externalMb: megabytes('nodejs_external_memory_bytes'),
  };
}

/** Collects garbage on a signal, so that only retained memory is measured. */
const collector = 'data:text/javascript,process.on("SIGUSR2",()=>globalThis.gc())';

async function serve(cleanup: Cleanup, databaseUrl: string) {
  const command = await startCommand(['serve'], {
    nodeArguments: ['--expose-gc', '--import', collector, ...program],
    env: { HOST: '127.0.0.1', PORT: '0', DATABASE_URL: databaseUrl, LOG_LEVEL: 'info' },
    ready: /"url":"(http:[^"]+)"/,
  });
  afterwards(cleanup, async () => void (await command.stop('SIGKILL')));
  const url = command.match[1] as string;
  return {
    url,
    async memory() {
      // Twice, with a pause: the event loop handles a signal only in its turn.
      for (let round = 0; round < 2; round++) {
        process.kill(command.pid, 'SIGUSR2');
        await delay(300);
      }
      return memoryOf(url);
    },
  };
}
