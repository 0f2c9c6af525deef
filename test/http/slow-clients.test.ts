/**
 * Clients that never finish their request are disconnected (408) and delay no other client. Needs no database.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { before, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { CustomerList, Problem } from '../../src/contract/types.ts';
import { suiteCleanup } from '../support/cleanup.ts';
import { startTestService, type TestService } from '../support/service.ts';

const headersTimeoutMs = 12_000;
const bodyTimeoutMs = 17_000;
const clients = 20;
const trickleMs = 500;
/** Far above what a loaded machine needs, far below what the slow clients take. */
const slowestMaxMs = 5000;

interface Ending {
  readonly text: string;
  readonly elapsedMs: number;
}

describe('slow clients', { concurrency: true }, () => {
  const cleanup = suiteCleanup();
  let service: TestService;
  before(async () => {
    service = await startTestService(cleanup, { engine: 'sqlite' });
  });

  /** Sends the start, and then a character at intervals, until the server ends the connection. */
  async function trickle(start: string): Promise<Ending> {
    const { hostname, port } = new URL(service.url);
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    const startedAt = performance.now();
    let text = '';
    socket.setEncoding('latin1').on('data', (part) => {
      text += part;
    });
    // A reset also ends the connection.
    socket.on('error', () => undefined);
    const closed = new Promise((resolve) => socket.on('close', resolve));
    if (start) socket.write(start);
    const timer = setInterval(() => start && socket.writable && socket.write('x'), trickleMs);
    const patience = setTimeout(() => socket.destroy(), bodyTimeoutMs + 5000);
    await closed;
    clearInterval(timer);
    clearTimeout(patience);
    return { text, elapsedMs: performance.now() - startedAt };
  }

  async function allEnd(starts: readonly string[], timeoutMs: number): Promise<Ending[]> {
    const endings = await Promise.all(starts.map(trickle));
    for (const { elapsedMs } of endings) {
      assert.ok(elapsedMs <= timeoutMs, `closed after ${Math.round(elapsedMs)} ms`);
    }
    return endings;
  }

  function assertTimeoutProblem({ text }: Ending): void {
    const [head = '', body = ''] = text.split('\r\n\r\n');
    assert.match(head, /^HTTP\/1\.1 408 /);
    assert.match(head, /^connection: close$/im);
    assert.match(head, /^content-type: application\/problem\+json$/im);
    const problem = JSON.parse(body) as Problem;
    assert.deepEqual([problem.status, problem.code], [408, 'request_timeout']);
    assert.equal(/^x-request-id: (.*)$/im.exec(head)?.[1], problem.requestId);
  }

  test('408 within 12 s when the headers do not end', async (t) => {
    const starts = Array.from(
      { length: clients },
      () => 'GET /customers HTTP/1.1\r\nHost: localhost\r\nX-Slow: ',
    );
    const endings = await allEnd(starts, headersTimeoutMs);
    for (const ending of endings) assertTimeoutProblem(ending);
    t.diagnostic(`${endings.length} clients, all disconnected in time`);
  });

  test('closed within 12 s when nothing is sent at all', async () => {
    await allEnd(Array(clients).fill(''), headersTimeoutMs);
  });

  test('408 within 17 s when the body does not end', async (t) => {
    const head =
      'POST /customers HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n';
    const endings = await allEnd(Array(clients).fill(`${head}{"name":"`), bodyTimeoutMs);
    for (const ending of endings) assertTimeoutProblem(ending);
    const { json } = await service.call<CustomerList>('GET', '/customers?limit=100');
    assert.deepEqual([...new Set(json.items.map(({ name }) => name))], ['Quick'], 'half a body was stored');
    t.diagnostic(`${endings.length} clients, all disconnected in time`);
  });

  test('other clients are served meanwhile', async (t) => {
    let count = 0;
    let slowestMs = 0;
    for (const until = performance.now() + headersTimeoutMs; performance.now() < until; count++) {
      const startedAt = performance.now();
      const reply = await service.call('POST', '/customers', { body: { name: 'Quick' } });
      assert.equal(reply.status, 201);
      slowestMs = Math.max(slowestMs, performance.now() - startedAt);
      await pause(100);
    }
    t.diagnostic(`${count} requests, 0 failed, the slowest took ${Math.round(slowestMs)} ms`);
    assert.ok(slowestMs < slowestMaxMs, `a request took ${Math.round(slowestMs)} ms`);
  });
});
