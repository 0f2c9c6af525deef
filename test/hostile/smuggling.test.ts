/**
 * Requests that hide other requests, or that no two readers read alike: refused, with their connection closed, and
 * what hides in them is neither answered nor done.
 *
 * Proven by planting: `insecureHTTPParser: true` (length and chunked read at once), `isHost` that says yes; and the
 * service before `last-reply.ts` stood in it answered nothing that was hidden, but did it.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { suiteCleanup } from '../support/cleanup.ts';
import { describeEngines } from '../support/engines.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { lawfulShapes, refusedShapes, type Shape, type ShapeParts } from './smuggling-shapes.ts';

const sideBySide = 8;
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

  test('what can be read in two ways is refused, and its connection closed', async (t) => {
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
    t.diagnostic(`${shapes.length} shapes, ${faults.length} fell short`);
    assert.deepEqual(faults, []);
    assert.ok(shapes.length >= 25);
    await nothingHidden();
  });

  test('what looks like a request inside a body is a body, and the next request gets its own reply', async (t) => {
    const shapes = lawfulShapes(parts);
    const faults = await each(shapes, async ({ bytes }) => {
      const { text, closed } = await service.raw(Buffer.from(bytes + victim, 'latin1'), patienceMs);
      const answered = text.split(`X-Request-Id: ${victimId}`).length - 1;
      return [
        ...(closed ? [] : ['the connection stays open']),
        ...(replies(text) - answered === 1 ? [] : [`${replies(text)} replies, ${answered} to the victim`]),
        ...(answered <= 1 ? [] : ['the next request is answered twice']),
        ...(text.includes(hiddenName) ? ['the hidden request is answered'] : []),
      ];
    });
    t.diagnostic(`${shapes.length} shapes, ${faults.length} fell short`);
    assert.deepEqual(faults, []);
    await nothingHidden();
  });

  test('what follows a request that ends its connection is not done', async () => {
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

  test('a client that resets its connection, whatever it has sent, ends nothing but itself', async () => {
    const { port, hostname } = new URL(service.url);
    const shapes = [...refusedShapes(parts), ...lawfulShapes(parts)];
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

/** What is wrong with each shape, in words. */
async function each(shapes: readonly Shape[], check: (shape: Shape) => Promise<string[]>): Promise<string[]> {
  const faults: string[] = [];
  const remaining = shapes.values();
  const worker = async () => {
    for (const shape of remaining) {
      faults.push(...(await check(shape)).map((fault) => `${shape.label}: ${fault}`));
    }
  };
  await Promise.all(Array.from({ length: sideBySide }, worker));
  return faults;
}

/** How many replies stand in what a connection received. */
function replies(text: string): number {
  return text.split(/HTTP\/1\.1 \d{3} /).length - 1;
}
