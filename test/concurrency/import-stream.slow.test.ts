/** An import in progress: upload and results flow at the same time, and neither runs far ahead. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { ImportResult } from '../../src/contract/types.ts';
import { describeEngines } from '../support/engines.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { openImport } from '../support/streaming.ts';
import { byTier } from '../support/tier.ts';

/** Shorter than any deadline that would end it. */
const goneTimeoutMs = 10_000;

/** The number of lines in each tier; even the smallest fills many batches. */
const linesCount = byTier({ full: 5_000, soak: 100_000 });

const lineOf = (index: number, note = 'as it is') =>
  `${JSON.stringify({ externalId: `crm:${index}`, name: `Customer ${index}`, email: `c${index}@example.com`, tags: ['imported'], note })}\n`;

describeEngines('an import in progress', (engine) => {
  // Planted: a handler that collects the results before it sends them. Nothing was returned here.
  test('returns the result of each line while the upload is open', async (context) => {
    const service = await startTestService(context, { engine });
    const { send, nextLine, upload } = openImport(service.url);
    for (let index = 0; index < 5; index++) {
      await send(lineOf(index));
      const result = await nextLine<ImportResult>();
      assert.deepEqual([result?.line, result?.outcome], [index + 1, 'created']);
    }
    await send('{"name":"has no line feed"}');
    upload.end();
    assert.equal((await nextLine<ImportResult>())?.status, 201);
    assert.equal(await nextLine(), undefined);
  });

  test(`importing the same ${linesCount} lines again changes nothing, and each line says so`, async (context) => {
    const service = await startTestService(context, { engine });
    const file = Array.from({ length: linesCount }, (_, index) => lineOf(index)).join('');
    for (const expected of ['created', 'unchanged', 'unchanged']) {
      const startedAt = performance.now();
      const before = process.memoryUsage().rss;
      const { outcomes, position } = await importWhole(service, file);
      const seconds = (performance.now() - startedAt) / 1000;
      assert.deepEqual(outcomes, { [expected]: linesCount });
      assert.equal(position, String(linesCount), 'the position must not move');
      const grown = Math.round((process.memoryUsage().rss - before) / 2 ** 20);
      context.diagnostic(
        `${linesCount} lines ${expected}: ${Math.round(linesCount / seconds)} rows/s, RSS of service and client +${grown} MB`,
      );
    }
  });

  test('a client that disconnects stops the import, and acknowledged lines stay stored', async (context) => {
    const service = await startTestService(context, { engine });
    const { send, nextLine, upload } = openImport(service.url);
    let acknowledged = 0;
    for (let index = 0; index < 1000; index++) await send(lineOf(index));
    while (acknowledged < 500) {
      await nextLine();
      acknowledged += 1;
    }
    upload.destroy();
    await pause(500);
    const stored = await countOf(service);
    await pause(300);
    context.diagnostic(`${acknowledged} acknowledged, ${stored} stored`);
    assert.ok(stored >= acknowledged, `${stored} stored of ${acknowledged}`);
    assert.equal(await countOf(service), stored, 'the work has stopped');
  });

  // Planted: `destroySoon` left out of src/http/server.ts. The request lasted until the service stopped.
  test('a client that closes its connection midway without a reset ends the import at once', async (context) => {
    const service = await startTestService(context, { engine });
    const socket = connect(Number(new URL(service.url).port), '127.0.0.1');
    const head =
      'POST /customers/import HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\n';
    const line = lineOf(0);
    socket.write(`${head}Transfer-Encoding: chunked\r\n\r\n${line.length.toString(16)}\r\n${line}\r\n`);
    let received = '';
    socket.setEncoding('utf8').on('data', (text) => {
      received += text;
    });
    while (!received.includes('"line":1')) await once(socket, 'data');
    socket.end();
    const deadline = performance.now() + goneTimeoutMs;
    const inFlight = async () =>
      /^http_requests_in_flight (\d+)$/m.exec((await service.call('GET', '/metrics')).text)?.[1];
    while ((await inFlight()) !== '1') {
      assert.ok(performance.now() < deadline, 'it is still in progress');
      await pause(50);
    }
    assert.equal(await countOf(service), 1);
  });

  test('a client that does not read the results cannot keep sending', async (context) => {
    const service = await startTestService(context, { engine });
    const { upload, reply } = openImport(service.url);
    // Invalid lines with long errors: the results are larger than the upload.
    const lines = 2_000;
    const chunk = '{"name":5,"emial":1,"phone":"x"}\n'.repeat(lines);
    const sentMax = 32 * 2 ** 20;
    let sent = 0;
    let stalled = false;
    while (sent < sentMax && !stalled) {
      sent += chunk.length;
      if (upload.write(chunk)) continue;
      stalled = await Promise.race([once(upload, 'drain').then(() => false), pause(1500, true)]);
    }
    context.diagnostic(`the sender was stopped after ${(sent / 2 ** 20).toFixed(1)} MB`);
    assert.ok(stalled, `${sent} bytes were accepted`);
    // It was only paused: once the results are read, the whole upload is processed.
    upload.end();
    let results = 0;
    for await (const _ of createInterface(await reply)) results += 1;
    assert.equal(results, (sent / chunk.length) * lines);
  });

  test('408 when no line arrives, and 400 when the body ends early', async (context) => {
    const service = await startTestService(context, { engine, environment: { REQUEST_TIMEOUT_MS: '300' } });
    const { send, reply } = openImport(service.url);
    await send('{"name":');
    const message = await reply;
    assert.deepEqual([message.statusCode, message.headers.connection], [408, 'close']);
    const short =
      'POST /customers/import HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/csv\r\nContent-Length: 99\r\n\r\nname';
    await service.raw(short, 500);
    assert.equal((await service.call('GET', '/customers')).status, 200);
  });

  test('other writes continue meanwhile', async (context) => {
    const service = await startTestService(context, { engine });
    const alone = await latencies(service, 60);
    const file = Array.from({ length: linesCount }, (_, index) => lineOf(index)).join('');
    let running = true;
    const importing = importWhole(service, file).finally(() => {
      running = false;
    });
    const during = await latencies(service, 1_000, () => running);
    await importing;
    const show = (times: readonly number[]) =>
      [0.5, 0.99].map((part) => times[Math.floor(part * times.length)]?.toFixed(1)).join(' / ');
    context.diagnostic(
      `POST p50 / p99: ${show(alone)} ms alone, ${show(during)} ms during an import (${during.length})`,
    );
    assert.ok(during.length > 2, 'other writes were interleaved');
  });
});

async function importWhole({ url, call }: TestService, file: string) {
  const { upload, nextLine } = openImport(url);
  upload.end(file);
  const outcomes: Record<string, number> = {};
  let line = 0;
  for (let result = await nextLine<ImportResult>(); result; result = await nextLine<ImportResult>()) {
    line += 1;
    assert.equal(result.line, line, 'in the order of the lines');
    outcomes[result.outcome] = (outcomes[result.outcome] ?? 0) + 1;
  }
  const { headers } = await call('HEAD', '/customers/export');
  return { outcomes, position: headers.get('feed-position') };
}

async function latencies({ call }: TestService, most: number, isRunning = () => true): Promise<number[]> {
  const times: number[] = [];
  while (times.length < most && isRunning()) {
    const startedAt = performance.now();
    assert.equal((await call('POST', '/customers', { body: { name: 'Beside' } })).status, 201);
    times.push(performance.now() - startedAt);
  }
  return times.sort((one, other) => one - other);
}

async function countOf({ call }: TestService): Promise<number> {
  const { json } = await call<{ total: number }>('GET', '/customers?includeTotal=true&limit=1');
  return json.total;
}
