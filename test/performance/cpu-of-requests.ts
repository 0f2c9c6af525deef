import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { afterwards, type Cleanup } from '../support/cleanup.ts';
import { startCommand } from '../support/process.ts';

/** A process and the path to request from it. */
export interface Target {
  readonly pid: number;
  readonly url: string;
  readonly path: string;
}

const connections = 4;
/** Pipelined requests per connection. */
const ahead = 8;
const statusLine = 'HTTP/1.1 200 OK';

/** CPU time of the process per request, in microseconds, over this many requests. */
export async function cpuUsOfTurn({ pid, url, path }: Target, count: number): Promise<number> {
  const before = cpuTimeUs(pid);
  const share = count / connections;
  await Promise.all(Array.from({ length: connections }, () => ask(url, path, share)));
  return (cpuTimeUs(pid) - before) / count;
}

/** Sends requests on one connection, some of them pipelined, with a client that costs almost nothing. */
async function ask(url: string, path: string, count: number): Promise<void> {
  const { hostname, port, host } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port) });
  const text = `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
  let [sent, answered, rest] = [0, 0, ''];
  const send = (more: number) => {
    const now = Math.min(more, count - sent);
    sent += now;
    if (now > 0) socket.write(text.repeat(now));
  };
  send(ahead);
  socket.setEncoding('latin1');
  for await (const chunk of socket as AsyncIterable<string>) {
    const parts = (rest + chunk).split(statusLine);
    // Keep what may be the start of the next status line.
    rest = parts.at(-1)?.slice(1 - statusLine.length) ?? '';
    answered += parts.length - 1;
    send(parts.length - 1);
    if (answered >= count) break;
  }
  socket.destroy();
  assert.equal(answered, count, `${path}: not every request returned 200`);
}

/** Of all threads, including kernel time, in nanoseconds rather than the hundredths of a second of `stat`. */
function cpuTimeUs(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  const used = threads.map(
    (thread) => readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0],
  );
  return used.reduce((sum, nanoseconds) => sum + Number(nanoseconds) / 1000, 0);
}

/** Starts the service in its own process on a migrated database. */
export async function startMeasured(
  cleanup: Cleanup,
  databaseUrl: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<{ readonly pid: number; readonly url: string }> {
  const command = await startCommand(['serve'], {
    env: {
      HOST: '127.0.0.1',
      PORT: '0',
      DATABASE_URL: databaseUrl,
      RATE_LIMIT_PER_MINUTE: '10000000',
      ...environment,
    },
    ready: /"url":"(http:[^"]+)"/,
  });
  afterwards(cleanup, async () => void (await command.stop()));
  return { pid: command.pid, url: command.match[1] as string };
}

/** Creates as many customers as a page has, and returns the id of the last. */
export async function createCustomers(url: string): Promise<string> {
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
