/** Excess load is refused at once. Handlers that block simulate a slow database. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { describe, test } from 'node:test';
import { v7 as uuidv7 } from 'uuid';
import type { Handlers } from '../../src/contract/handler.ts';
import type { Problem } from '../../src/contract/types.ts';
import type { CustomerStore } from '../../src/domain/customer-store.ts';
import { createApp } from '../../src/http/app.ts';
import type { HandlerContext } from '../../src/http/dispatch.ts';
import { customerHandlers } from '../../src/http/routes/customers.ts';
import { createHttpServer } from '../../src/http/server.ts';
import { createLifecycle } from '../../src/runtime/lifecycle.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { afterwards, type Cleanup } from '../support/cleanup.ts';
import { sendRaw } from '../support/raw-request.ts';
import { assertHygiene } from '../support/response-hygiene.ts';

const requestsMax = 4;
const streamsMax = 3;
const nothing = { waiting: 0, waitMs: 0 };
const customerPath = `/customers/${uuidv7()}`;

interface Waiting {
  readonly url: string;
  /** Number of requests that have reached a handler. */
  entered(): number;
  /** Unblocks the waiting requests and all later ones. */
  release(): void;
}

/** Starts the whole application and server. Reading a customer and streaming a list block until released. */
async function startWaiting(cleanup: Cleanup): Promise<Waiting> {
  let entered = 0;
  let open = () => {};
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  const customers = { checkReady: async () => [] } as unknown as CustomerStore;
  async function* stream() {
    yield Buffer.from('{"items":[],');
    await gate;
    yield Buffer.from('"nextCursor":null}');
  }
  const waiting = {
    async getCustomer() {
      entered++;
      await gate;
      return { status: 304, headers: { ETag: '"1"', 'Cache-Control': 'private, no-cache' } };
    },
    listCustomers: () => ({
      status: 200,
      headers: { ETag: '"a"', 'Cache-Control': 'private, no-cache' },
      body: stream(),
    }),
  };
  const handlers = { ...customerHandlers({ customers, requireIfMatch: false }), ...waiting };
  const observers = { ids: () => uuidv7(), log: await createLog('silent'), metrics: createMetrics() };
  const app = await createApp({
    ...observers,
    handlers: handlers as unknown as Handlers<HandlerContext>,
    customers,
    lifecycle: createLifecycle(),
    corsOrigins: [],
    requestTimeoutMs: 10_000,
    requestsMax,
    streamsMax,
    load: { store: { reads: nothing, writes: nothing }, eventLoop: { delayMs: 0 } },
    authenticator: undefined,
    loopback: true,
    trustedProxies: [],
    rateLimitPerMinute: 0,
    failedLoginsPerMinute: 0,
  });
  const limits = { keepAliveTimeoutMs: 1000, connectionsMax: 100, certificate: undefined };
  const server = createHttpServer(app, observers, limits);
  server.listen({ host: '127.0.0.1', port: 0 });
  await once(server, 'listening');
  afterwards(cleanup, () => {
    open();
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, entered: () => entered, release: open };
}

async function assertOverload(reply: Response, detail: RegExp): Promise<number> {
  const { status, headers, url } = reply;
  assert.equal(status, 503, url);
  assertHygiene({ method: 'GET', status, headers, encrypted: false });
  const problem = (await reply.json()) as Problem;
  assert.equal(problem.code, 'unavailable');
  assert.match(problem.detail, detail);
  const seconds = Number(headers.get('retry-after'));
  assert.ok(Number.isInteger(seconds) && seconds >= 1 && seconds <= 5, `Retry-After: ${seconds}`);
  return seconds;
}

async function until(condition: () => boolean): Promise<void> {
  for (let turns = 0; !condition() && turns < 500; turns++) await new Promise((r) => setTimeout(r, 10));
  assert.ok(condition(), 'timed out waiting for the condition');
}

describe('load shedding', () => {
  test('503 above the limit of concurrent requests, with the limit in the problem', async (t) => {
    const { url, entered, release } = await startWaiting(t);
    const taken = Array.from({ length: requestsMax }, () => fetch(url + customerPath));
    await until(() => entered() === requestsMax);
    const waits = new Set<number>();
    for (let count = 0; count < 60; count++) {
      waits.add(await assertOverload(await fetch(url + customerPath), /working on 4 requests/));
    }
    // Refused before the body is parsed or has even arrived.
    const head =
      'POST /customers HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 60000';
    const early = await sendRaw(url, `${head}\r\nConnection: close\r\n\r\n{`);
    assert.equal(early.status, 503);
    assert.equal(entered(), requestsMax, 'a request above the limit reached a handler');
    assert.ok(waits.size > 1, 'all clients are asked to retry at the same moment');
    for (const path of ['/livez', '/readyz', '/metrics', '/openapi.yaml']) {
      assert.equal((await fetch(url + path)).status, 200, path);
    }
    release();
    for (const reply of await Promise.all(taken)) assert.equal(reply.status, 304);
    assert.equal((await fetch(url + customerPath)).status, 304, 'a slot was not released');
    t.diagnostic(`61 refused, waits of ${[...waits].sort().join(', ')} s, 0 reached a handler`);
  });

  test('the slot of a disconnected client is released when its work ends, not before', async (t) => {
    const { url, entered, release } = await startWaiting(t);
    const leave = new AbortController();
    const taken = Array.from({ length: requestsMax }, () =>
      fetch(url + customerPath, { signal: leave.signal }).catch(() => undefined),
    );
    await until(() => entered() === requestsMax);
    leave.abort();
    await Promise.all(taken);
    // Give the server time to notice.
    await new Promise((resolve) => setTimeout(resolve, 200));
    await assertOverload(await fetch(url + customerPath), /working on 4 requests/);
    release();
    for (let count = 0; count < requestsMax * 2; count++) {
      assert.equal((await fetch(url + customerPath)).status, 304, 'a slot was not released');
    }
  });

  test('unfinished bodies take no slot', async (t) => {
    const { url } = await startWaiting(t);
    const head =
      'POST /customers HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 60\r\n\r\n';
    const slow = Array.from({ length: requestsMax * 3 }, () => sendRaw(url, `${head}{`, 1500));
    await new Promise((resolve) => setTimeout(resolve, 300));
    const reply = await fetch(`${url}/customers?limit=0`);
    assert.equal(reply.status, 400, 'a request was refused although none is in progress');
    await Promise.all(slow);
  });

  test('503 above the limit of concurrent streams, which take no request slots', async (t) => {
    const { url, release } = await startWaiting(t);
    const streams: Response[] = [];
    for (let count = 0; count < streamsMax; count++) streams.push(await fetch(`${url}/customers`));
    for (let count = 0; count < 20; count++) {
      await assertOverload(await fetch(`${url}/customers`), /sending 3 streams/);
    }
    release();
    for (let count = 0; count < requestsMax; count++) {
      assert.equal((await fetch(url + customerPath)).status, 304);
    }
    for (const stream of streams) assert.deepEqual(await stream.json(), { items: [], nextCursor: null });
    const next = await fetch(`${url}/customers`);
    assert.equal(next.status, 200, 'a slot was not released');
    await next.text();
  });

  test('503 for one pipelined request too many, after the responses to those before it', async (t) => {
    const { url } = await startWaiting(t);
    const request = 'GET /customers?limit=0 HTTP/1.1\r\nHost: localhost\r\n\r\n';
    const few = await sendRaw(url, request.repeat(32), 1000);
    assert.equal(few.text.match(/HTTP\/1\.1 400 /g)?.length, 32);
    // The first blocks, so that none behind it can be answered.
    const first = `GET ${customerPath} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
    const waiting = await startWaiting(t);
    const reply = sendRaw(waiting.url, first + request.repeat(39), 5000);
    await until(() => waiting.entered() === 1);
    await new Promise((resolve) => setTimeout(resolve, 200));
    waiting.release();
    const { text, closed } = await reply;
    assert.deepEqual(
      text.match(/HTTP\/1\.1 (\d+) /g)?.map((line) => Number(line.slice(9))),
      [304, ...Array(31).fill(400), 503],
    );
    assert.match(text, /has 32 requests without an answer/);
    assert.ok(closed, 'the connection stays open');
    const flood = await sendRaw((await startWaiting(t)).url, first + request.repeat(500), 5000);
    assert.ok(flood.closed && flood.text === '', 'a flood is not disconnected');
  });
});
