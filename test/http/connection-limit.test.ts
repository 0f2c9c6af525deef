/** Connections beyond the limit get a 503 at once, and health checks still work. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, test } from 'node:test';
import type { Problem } from '../../src/contract/types.ts';
import { afterwards } from '../support/cleanup.ts';
import { assertHygiene, headersOf } from '../support/response-hygiene.ts';
import { startTestService } from '../support/service.ts';

const connectionsMax = 20;
/** Connections accepted above the limit in order to refuse them. */
const excessConnectionsMax = 256;
const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;

async function open(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

/** The bytes received until the first response is complete or the connection ends. */
async function reply(socket: Socket, bytes: string): Promise<string> {
  let text = '';
  socket.write(bytes);
  socket.setEncoding('latin1').on('data', (part) => {
    text += part;
  });
  const ended = once(socket, 'close');
  for (let turns = 0; turns < 400 && !/\r\n\r\n[\s\S]/.test(text) && !socket.closed; turns++) {
    await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 10))]);
  }
  return text;
}

describe('connection limit', () => {
  test('503 above the limit and the connection is closed; accepted again once others disconnect', async (t) => {
    const environment = { CONNECTIONS_MAX: String(connectionsMax) };
    const service = await startTestService(t, { engine: 'sqlite', environment });
    const taken = await Promise.all(Array.from({ length: connectionsMax }, () => open(service.url)));
    afterwards(t, () => taken.forEach((socket) => void socket.destroy()));
    assert.match(await reply(taken[0] as Socket, get('/customers')), /^HTTP\/1\.1 200 /);

    const refused = await Promise.all(Array.from({ length: 50 }, () => open(service.url)));
    const texts = await Promise.all(refused.map((socket) => reply(socket, get('/customers'))));
    for (const text of texts) {
      const [head = '', body = ''] = text.split('\r\n\r\n');
      assert.match(head, /^HTTP\/1\.1 503 /);
      assert.match(head, /^connection: close$/im);
      assert.match((JSON.parse(body) as Problem).detail, /as many connections as it takes/);
      assertHygiene({ method: 'GET', status: 503, headers: headersOf(head), encrypted: false });
    }
    for (const path of ['/livez', '/readyz', '/metrics']) {
      const text = await reply(await open(service.url), get(path));
      assert.match(text, /^HTTP\/1\.1 200 /, path);
    }

    // A silent connection above the limit is closed too.
    const silent = await open(service.url);
    const closed = once(silent.resume(), 'close');
    const patience = setTimeout(() => silent.destroy(new Error('the connection stays open')), 8000);
    await closed;
    clearTimeout(patience);
    assert.equal(silent.errored, null);

    for (const socket of taken.splice(10)) socket.destroy();
    await new Promise((resolve) => setTimeout(resolve, 500));
    assert.match(await reply(await open(service.url), get('/customers')), /^HTTP\/1\.1 200 /);
    t.diagnostic(`${connectionsMax} accepted, ${texts.length} refused with a response, 0 left waiting`);
  });

  test('a flood beyond that is disconnected and does no harm', async (t) => {
    const environment = { CONNECTIONS_MAX: String(connectionsMax) };
    const service = await startTestService(t, { engine: 'sqlite', environment });
    const flood = await Promise.all(
      Array.from({ length: connectionsMax + excessConnectionsMax + 100 }, () => open(service.url)),
    );
    for (const socket of flood) socket.resume();
    const cut = () => flood.filter((socket) => socket.readableEnded || socket.destroyed).length;
    for (let turns = 0; turns < 100 && cut() < 100; turns++) await new Promise((r) => setTimeout(r, 50));
    assert.ok(cut() >= 100, `${cut()} were disconnected`);
    const seen = cut();
    for (const socket of flood) socket.destroy();
    await new Promise((resolve) => setTimeout(resolve, 500));
    assert.equal((await service.call('GET', '/customers')).status, 200);
    t.diagnostic(`${flood.length} connections opened, ${seen} disconnected`);
  });
});
