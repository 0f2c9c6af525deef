/**
 * Ambiguous requests and requests that hide others are refused with their connection closed, and the hidden
 * request is neither answered nor executed.
 *
 * Planted, and each failed: `insecureHTTPParser: true` (length and chunked accepted together), `isHost`
 * always true, and the connection not ended after the last response (the hidden request was executed, though
 * not answered).
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { suiteCleanup } from '../support/cleanup.ts';
import { describeEngines } from '../support/engines.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { refusedShapes, type Shape, type ShapeParts, validShapes } from './smuggling-shapes.ts';

const concurrency = 8;
const patienceMs = 10_000;
const hiddenName = 'hidden-request';
const victimId = 'victim-of-smuggling';

describeEngines('smuggling', (engine) => {
  const cleanup = suiteCleanup();
  let service: TestService;
  let parts: ShapeParts;
  let victim: string;
  before(async () => {
    service = await startTestService(cleanup, { engine });
    const { host } = new URL(service.url);
    const body = `{"name":"${hiddenName}"}`;
    const hidden = `POST /customers HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\nX-Request-Id: ${hiddenName}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    parts = { host, hidden };
    victim = `GET /livez HTTP/1.1\r\nHost: ${host}\r\nX-Request-Id: ${victimId}\r\nConnection: close\r\n\r\n`;
  });

  test('ambiguous requests are refused, and their connection closed', async (t) => {
    const shapes = refusedShapes(parts);
    const faults = await each(shapes, async ({ bytes }) => {
      const { text, status, closed } = await service.raw(Buffer.from(bytes + victim, 'latin1'), patienceMs);
      return [
        ...(status >= 400 && status < 500 ? [] : [`status ${status}`]),
        ...(closed ? [] : ['the connection stays open']),
        ...(replies(text) === 1 ? [] : [`${replies(text)} replies`]),
        ...(text.includes(hiddenName) ? ['the hidden request is answered'] : []),
        ...(text.includes(victimId) ? ['the next request is answered on the same connection'] : []),
      ];
    });
    t.diagnostic(`${shapes.length} shapes, ${faults.length} wrong`);
    assert.deepEqual(faults, []);
    assert.ok(shapes.length >= 25);
    await nothingHidden();
  });

  test('a request-like text inside a body stays a body, and the next request gets its own response', async (t) => {
    const shapes = validShapes(parts);
    const faults = await each(shapes, async ({ bytes }) => {
      const { text, closed } = await service.raw(Buffer.from(bytes + victim, 'latin1'), patienceMs);
      const answered = text.split(`X-Request-Id: ${victimId}`).length - 1;
      return [
        ...(closed ? [] : ['the connection stays open']),
        ...(replies(text) - answered === 1 ? [] : [`${replies(text)} responses, ${answered} to the victim`]),
        ...(answered <= 1 ? [] : ['the next request is answered twice']),
        ...(text.includes(hiddenName) ? ['the hidden request is answered'] : []),
      ];
    });
    t.diagnostic(`${shapes.length} shapes, ${faults.length} wrong`);
    assert.deepEqual(faults, []);
    await nothingHidden();
  });

  test('bytes after a request that ends its connection are not executed', async () => {
    const { host, hidden } = parts;
    for (const first of [
      `GET /livez HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
      `GET /livez HTTP/1.0\r\n\r\n`,
    ]) {
      const { text, closed } = await service.raw(first + hidden, patienceMs);
      assert.deepEqual([replies(text), closed], [1, true]);
    }
    await nothingHidden();
  });

  test('a client that resets its connection affects no other client', async () => {
    const { port, hostname } = new URL(service.url);
    const shapes = [...refusedShapes(parts), ...validShapes(parts)];
    for (const { bytes } of shapes) {
      const socket = connect(Number(port), hostname);
      socket.on('error', () => undefined);
      await once(socket, 'connect');
      socket.write(Buffer.from(bytes, 'latin1'));
      await Promise.race([once(socket, 'data'), delay(20)]);
      socket.resetAndDestroy();
    }
    await delay(50);
    assert.equal((await service.call('GET', '/livez')).status, 200);
  });

  async function nothingHidden(): Promise<void> {
    const { json } = await service.call<{ items: { name: string }[] }>('GET', '/customers?limit=100');
    assert.deepEqual(
      json.items.filter(({ name }) => name === hiddenName),
      [],
    );
  }
});

/** The faults of each shape, in words. */
async function each(shapes: readonly Shape[], check: (shape: Shape) => Promise<string[]>): Promise<string[]> {
  const faults: string[] = [];
  const remaining = shapes.values();
  const worker = async () => {
    for (const shape of remaining) {
      faults.push(...(await check(shape)).map((fault) => `${shape.label}: ${fault}`));
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  return faults;
}

/** The number of responses in what a connection received. */
function replies(text: string): number {
  return text.split(/HTTP\/1\.1 \d{3} /).length - 1;
}
