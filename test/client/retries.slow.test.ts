/**
 * The client behind a proxy that injects faults. Planted: a new Idempotency-Key for each attempt (two customers), a
 * repeated PATCH by id, Retry-After read as milliseconds, a wait that an abort does not end.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { suite, type TestContext, test } from 'node:test';
import {
  CustomersClient,
  CustomersConnectionError,
  CustomersProblem,
} from '../../clients/typescript/src/index.ts';
import { describeEngines, type EngineName } from '../support/engines.ts';
import { startTestService } from '../support/service.ts';
import { type Fault, startFaultyProxy } from './faulty-proxy.ts';

const unavailable: Fault = { status: 503, headers: { 'Retry-After': '1' } };

describeEngines('client: retries', (engine) => {
  test('a create whose reply is lost, and then a 503: exactly one customer', async (context) => {
    const { client, proxy } = await startBehindProxy(context, engine);
    proxy.faults.push('lost reply', unavailable, 'cut reply');
    const { data, reply } = await client.createCustomer({ name: 'Ada Lovelace' }).withReply();
    assert.deepEqual([reply.attempts, reply.isReplayed, reply.status], [4, true, 201]);
    const { items } = await client.listCustomers();
    assert.deepEqual(items, [data]);
    const keys = new Set(proxy.seen.slice(0, 4).map(({ headers }) => headers['idempotency-key']));
    assert.equal(keys.size, 1);
    assert.match(String([...keys]), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  test('Retry-After is waited for, and a longer one than a minute is for the caller', async (context) => {
    const { client, proxy } = await startBehindProxy(context, engine);
    proxy.faults.push({ status: 429, headers: { 'Retry-After': '1' } });
    await client.listCustomers();
    const [first, second] = proxy.seen;
    assert.ok((second?.atMs ?? 0) - (first?.atMs ?? 0) >= 1000, 'it came back too early');
    proxy.faults.push({ status: 503, headers: { 'Retry-After': '120' } });
    const problem = await failure(client.listCustomers(), CustomersProblem);
    assert.deepEqual([problem.status, problem.retryAfter, problem.attempts], [503, 120, 1]);
  });

  test('a write that names no version is sent once; one with the customer in hand again', async (context) => {
    const { client, proxy } = await startBehindProxy(context, engine);
    const ada = await client.createCustomer({ name: 'Ada' });
    const before = proxy.seen.length;
    for (const write of [
      () => client.updateCustomer(ada.id, { note: 'x' }),
      () => client.replaceCustomer(ada.id, { name: 'x' }),
      () => client.deleteCustomer(ada.id),
    ]) {
      proxy.faults.push('lost request');
      const error = await failure(write(), CustomersConnectionError);
      assert.deepEqual([error.attempts, error.timedOut], [1, false]);
    }
    assert.equal(proxy.seen.length - before, 3);
    proxy.faults.push('lost request');
    const { data: updated, reply } = await client.updateCustomer(ada, { name: 'Ada L.' }).withReply();
    assert.deepEqual([updated.version, reply.attempts], [2, 2]);
    proxy.faults.push('lost reply');
    const problem = await failure(client.updateCustomer(updated, { name: 'Ada Lovelace' }), CustomersProblem);
    assert.deepEqual([problem.status, problem.attempts, problem.afterLostReply], [412, 2, true]);
    assert.equal((await client.getCustomer(ada)).name, 'Ada Lovelace');
  });

  test('silence ends by its time, and an abort ends a request and a wait at once', async (context) => {
    const { client, proxy } = await startBehindProxy(context, engine);
    proxy.faults.push('silence', 'silence');
    const error = await failure(
      client.listCustomers({ timeoutMs: 100, retriesMax: 1 }),
      CustomersConnectionError,
    );
    assert.deepEqual([error.timedOut, error.attempts], [true, 2]);
    proxy.faults.push('silence');
    const duringRequest = new AbortController();
    const before = proxy.seen.length;
    const call = client.listCustomers({ signal: duringRequest.signal });
    while (proxy.seen.length === before) await new Promise((resolve) => setTimeout(resolve, 5));
    duringRequest.abort(new Error('changed my mind'));
    await assert.rejects(call, { message: 'changed my mind' });
    proxy.faults.push({ status: 503, headers: { 'Retry-After': '50' } });
    const duringWait = new AbortController();
    let isRefused = false;
    const observed: typeof fetch = (...request) =>
      fetch(...request).then((response) => {
        isRefused = true;
        return response;
      });
    const waiting = new CustomersClient({ baseUrl: proxy.url, fetch: observed }).listCustomers({
      signal: duringWait.signal,
    });
    while (!isRefused) await new Promise((resolve) => setTimeout(resolve, 5));
    // Its body is read, and then it waits for 50 s.
    await new Promise((resolve) => setTimeout(resolve, 200));
    const abortedMs = performance.now();
    duringWait.abort(new Error('not so long'));
    await assert.rejects(waiting, { message: 'not so long' });
    assert.ok(performance.now() - abortedMs < 40_000, 'it waited to the end');
  });

  test('a response that is not from the service is reported by its status', async (context) => {
    const { client, proxy } = await startBehindProxy(context, engine);
    proxy.faults.push({ status: 403, headers: { 'Content-Type': 'text/html' }, body: '<h1>No</h1>' });
    const problem = await failure(client.listCustomers(), CustomersProblem);
    assert.deepEqual([problem.status, problem.code, problem.requestId], [403, 'unknown', undefined]);
  });

  test('results of an import arrive while it is sent', async (context) => {
    const { client } = await startBehindProxy(context, engine);
    let answered = 0;
    async function* lines() {
      for (let line = 0; line < 20; line += 1) {
        while (answered < line) await new Promise((resolve) => setTimeout(resolve, 1));
        yield { externalId: `crm:${line}`, name: `Customer ${line}` };
      }
    }
    for await (const { status } of client.importCustomers(lines())) {
      assert.equal(status, 201);
      answered += 1;
    }
    assert.equal(answered, 20);
  });

  test('an export that is cut throws, instead of seeming complete', async (context) => {
    const { client, proxy } = await startBehindProxy(context, engine);
    for (let count = 0; count < 5; count += 1) await client.createCustomer({ name: `Customer ${count}` });
    proxy.faults.push('cut reply');
    proxy.cutAfterBytes = () => 700;
    let count = 0;
    const reading = (async () => {
      for await (const _ of client.exportCustomers()) count += 1;
    })();
    await failure(reading, CustomersConnectionError);
    assert.ok(count < 5, `${count} customers`);
  });
});

suite('client: leaving an import', () => {
  // Planted: an upload that does not heed the signal. Node's fetch then reads the source to its end.
  test('closes the source of its lines and the connection', async (context) => {
    let isCut = false;
    const server = createServer((incoming, outgoing) => {
      outgoing.on('close', () => {
        isCut = true;
      });
      incoming.on('data', () => outgoing.write('{"line":1,"status":201,"outcome":"created"}\n'));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    context.after(() => void server.close());
    const client = new CustomersClient({
      baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    });
    let isClosed = false;
    async function* lines() {
      try {
        for (;;) {
          yield { name: 'Ada' };
          await new Promise((resolve) => setTimeout(resolve, 1));
        }
      } finally {
        isClosed = true;
      }
    }
    let count = 0;
    for await (const _ of client.importCustomers(lines())) {
      count += 1;
      if (count === 5) break;
    }
    while (!isClosed || !isCut) await new Promise((resolve) => setTimeout(resolve, 5));
  });
});

async function startBehindProxy(context: TestContext, engine: EngineName) {
  const service = await startTestService(context, { engine });
  const proxy = await startFaultyProxy(context, service.url);
  return { client: new CustomersClient({ baseUrl: proxy.url }), proxy };
}

async function failure<Kind extends Error>(
  call: Promise<unknown>,
  kind: new (...values: never[]) => Kind,
): Promise<Kind> {
  const outcome = await call.then(
    () => 'it succeeded',
    (error: unknown) => error,
  );
  assert.ok(outcome instanceof kind, String(outcome));
  return outcome;
}
