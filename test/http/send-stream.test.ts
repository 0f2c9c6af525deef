/** Streamed responses over real sockets: how far the source is read ahead, and when it is closed. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { suite, type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { sendStream } from '../../src/http/dispatch.ts';
import { afterwards } from '../support/cleanup.ts';

const piece = Buffer.alloc(65_536, 'x');
const pieces = 1000;
/** A generous bound on what the sockets of both sides buffer; all chunks are 64 MB. */
const heldPiecesMax = 400;

interface Source extends AsyncIterableIterator<Uint8Array> {
  asked: number;
  ended: boolean;
}

suite('sendStream', () => {
  test('reads its source no faster than the client reads, and sends all of it', async (t) => {
    const source = sourceOf(pieces);
    const { response } = await request(t, (reply) => sendStream(reply, source));
    await settled(() => source.asked);
    const held = source.asked;
    assert.ok(held < heldPiecesMax, `${held} chunks were read for a client that does not read`);
    let bytes = 0;
    for await (const chunk of response) bytes += (chunk as Buffer).length;
    assert.equal(bytes, pieces * piece.length);
    t.diagnostic(`${held} of ${pieces} chunks were read ahead of the client`);
  });

  test('closes its source when the client disconnects, whether the source or the client is the slow one', async (t) => {
    for (const count of [1, pieces]) {
      const source = sourceOf(count, { waitsAtEnd: true });
      const { response, sent } = await request(t, (reply) => sendStream(reply, source));
      await settled(() => source.asked);
      assert.equal(source.ended, false);
      response.destroy();
      await sent;
      assert.equal(source.ended, true);
    }
  });

  test('closes its source when the client had already disconnected', async (t) => {
    const source = sourceOf(1, { waitsAtEnd: true });
    const { response, sent } = await request(t, async (reply) => {
      reply.write('x');
      await once(reply, 'close');
      await sendStream(reply, source);
    });
    response.destroy();
    await sent;
    assert.deepEqual([source.asked, source.ended], [1, true]);
  });

  test('rejects when its source fails, and leaves the response visibly incomplete', async (t) => {
    const failing = sourceOf(1);
    failing.next = () => Promise.reject(new Error('no more'));
    const { sent, reply } = await request(t, (reply) => {
      reply.write('x');
      return sendStream(reply, failing);
    });
    await assert.rejects(sent, /no more/);
    assert.equal(reply.writableEnded, false);
  });
});

/** Starts a server with one response, and a client that has read only its head. */
async function request(t: TestContext, send: (reply: ServerResponse) => Promise<void>) {
  const server = createServer();
  afterwards(t, () => void server.close());
  const replied = new Promise<{ reply: ServerResponse; sent: Promise<void> }>((resolve) => {
    server.once('request', (_request, reply: ServerResponse) => {
      const sent = send(reply);
      sent.catch(() => undefined);
      resolve({ reply, sent });
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const client = get({ port, host: '127.0.0.1', agent: false });
  client.on('error', () => undefined);
  afterwards(t, () => void client.destroy());
  const [response] = (await once(client, 'response')) as [IncomingMessage];
  response.on('error', () => undefined);
  return { response, ...(await replied) };
}

/** Yields this many chunks, and then ends or waits until it is closed. */
function sourceOf(count: number, { waitsAtEnd = false } = {}): Source {
  const over = { done: true, value: undefined } as const;
  let stopWaiting = () => {};
  const source: Source = {
    asked: 0,
    ended: false,
    [Symbol.asyncIterator]: () => source,
    async next() {
      source.asked += 1;
      if (source.asked <= count) return { done: false, value: piece };
      if (waitsAtEnd && !source.ended) await new Promise<void>((resolve) => (stopWaiting = resolve));
      return over;
    },
    async return() {
      source.ended = true;
      stopWaiting();
      return over;
    },
  };
  return source;
}

/** Waits until a figure stops changing. */
async function settled(figure: () => number): Promise<void> {
  const deadlineMs = Date.now() + 10_000;
  for (let before = -1; before !== figure() && Date.now() < deadlineMs; await delay(200)) before = figure();
}
