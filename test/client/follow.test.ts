/**
 * Following the feed over connections that break. Planted: a reconnection without Last-Event-ID, and no look whether
 * an event came before (everything twice); a block that was cut off taken for an event; CRLF taken for two line ends.
 */

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { type ChangeEvent, CustomersClient, CustomersProblem } from '../../clients/typescript/src/index.ts';
import { describeEngines } from '../support/engines.ts';
import { randomFrom } from '../support/random.ts';
import { startTestService } from '../support/service.ts';
import { tier } from '../support/tier.ts';
import { startFaultyProxy } from './faulty-proxy.ts';

const isSoak = tier === 'soak';
const customerCount = isSoak ? 3000 : 60;
const cutCount = isSoak ? 400 : 10;

describeEngines('client: following', (engine) => {
  test('over cut connections each change comes once and in order', async (context) => {
    const random = randomFrom(`client feed ${engine}`);
    const service = await startTestService(context, { engine });
    const proxy = await startFaultyProxy(context, service.url);
    const client = new CustomersClient({ baseUrl: proxy.url });
    const writer = new CustomersClient({ baseUrl: service.url });
    proxy.faults.push(...Array.from({ length: cutCount }, () => 'cut reply' as const));
    proxy.cutAfterBytes = () => random.integer(1, 8000);
    const writing = (async () => {
      for (let count = 0; count < customerCount; count += 1) {
        await writer.createCustomer({ name: `Customer ${count}` });
      }
    })();
    const ids: string[] = [];
    for await (const { id } of client.followChanges({ after: '0' })) {
      ids.push(id);
      if (ids.length < customerCount) continue;
      if (proxy.faults.length === 0) break;
      // More is written until every cut was met.
      await writer.createCustomer({ name: 'One more' });
    }
    await writing;
    assert.deepEqual(
      ids,
      ids.map((_, index) => String(index + 1)),
    );
    context.diagnostic(`${ids.length} changes over ${proxy.seen.length} connections: 0 lost, 0 twice`);
    // The last connection might not have been cut yet when the last change arrived.
    assert.ok(proxy.seen.length >= cutCount);
  });

  test('a position that the feed has not is for the caller', async (context) => {
    const service = await startTestService(context, { engine });
    const following = new CustomersClient({ baseUrl: service.url }).followChanges({ after: '99' });
    const outcome = await following.next().catch((failure: unknown) => failure);
    assert.ok(outcome instanceof CustomersProblem, String(outcome));
    assert.equal(outcome.code, 'feed_position_ahead');
  });

  test('an abort ends a quiet stream', async (context) => {
    const service = await startTestService(context, { engine });
    const proxy = await startFaultyProxy(context, service.url);
    const leave = new AbortController();
    const client = new CustomersClient({ baseUrl: proxy.url });
    const next = client.followChanges({ after: 'latest', signal: leave.signal }).next();
    while (proxy.seen.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    leave.abort(new Error('enough'));
    await assert.rejects(next, { message: 'enough' });
  });
});

suite('client: following a stream of any form', () => {
  const event = (id: number, end: string) =>
    [`id: ${id}`, 'event: customer.created', `data: {"id":"${id}",`, 'data: "type":"é"}', '', ''].join(end);

  test('pieces cut anywhere, any line end, events that come again', async (context) => {
    const random = randomFrom('event stream');
    for (let round = 0; round < 200; round += 1) {
      const end = random.pick(['\n', '\r\n', '\r']);
      const texts = [
        `\uFEFF:hello${end}retry: 0${end}id: 4${end}${end}${event(5, end)}${event(6, end)}id: 7${end}data: {"id`,
        `retry:0${end}id:6${end}${end}${event(5, end)}${event(6, end)}:${end}${event(7, end)}${event(8, end)}`,
      ];
      const asked: (string | null)[] = [];
      const client = new CustomersClient({
        baseUrl: 'http://stand-in',
        fetch: async (_, init) => {
          asked.push(new Headers(init?.headers).get('last-event-id'));
          return new Response(piecesOf(texts[asked.length - 1] ?? '', () => random.integer(1, 9)));
        },
      });
      const changes: ChangeEvent[] = [];
      for await (const change of client.followChanges()) {
        changes.push(change);
        if (change.id === '8') break;
      }
      assert.deepEqual(
        changes.map(({ id, type }) => [id, type]),
        ['5', '6', '7', '8'].map((id) => [id, 'é']),
      );
      assert.deepEqual(asked, [null, '6']);
    }
    context.diagnostic('200 streams');
  });
});

/** A body that arrives in pieces, cut within characters too. */
function piecesOf(text: string, size: () => number): ReadableStream<Uint8Array> {
  let rest = Buffer.from(text);
  return new ReadableStream({
    pull(controller) {
      if (rest.length === 0) return controller.close();
      const length = size();
      controller.enqueue(rest.subarray(0, length));
      rest = rest.subarray(length);
    },
  });
}
