/** listChanges as a server-sent event stream, as seen by a connected client. */
import assert from 'node:assert/strict';
import diagnostics from 'node:diagnostics_channel';
import type { Server } from 'node:http';
import { before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { ChangeEvent, ChangePage, Customer } from '../../src/contract/types.ts';
import { anonymous } from '../../src/domain/authentication.ts';
import { createStreamHub } from '../../src/http/sse/hub.ts';
import { execute, openDirectly } from '../storage/direct-engine.ts';
import { openStore } from '../storage/open-store.ts';
import { suiteCleanup } from '../support/cleanup.ts';
import { describeEngines, type EngineName } from '../support/engines.ts';
import { followFeed } from '../support/feed-client.ts';
import { startTestService, type TestService } from '../support/service.ts';

/** More than one chunk of the stream and more than one page. */
const backlog = 110;
const patienceMs = 10_000;

describeEngines('listChanges as an event stream', (engine) => {
  const cleanup = suiteCleanup();
  let service: TestService;
  before(async () => {
    service = await startTestService(cleanup, { engine });
    await write(service, backlog);
  });

  const head = async () => Number((await pageAfter(service, 'latest')).next);
  const numbers = (events: readonly ChangeEvent[]) => events.map(({ id }) => Number(id));

  test('200 with the existing changes, then each new change once it is committed', async (t) => {
    const start = await head();
    const client = await followFeed(t, service.url);
    assert.equal(client.headers.get('cache-control'), 'no-store');
    assert.equal(client.headers.get('x-accel-buffering'), 'no');
    await client.received(start);
    assert.equal(client.retryMs, 2000);
    for (let count = 1; count <= 5; count++) {
      await write(service, 1);
      await client.received(start + count);
    }
    assert.deepEqual(numbers(client.events), rangeTo(start + 5));
    const { items } = await pageAfter(service, String(start));
    assert.deepEqual(client.events.slice(start), items, 'differs from the page');
  });

  test('200 sends the starting position before any change', async (t) => {
    for (const [after, expected] of [
      ['latest', await head()],
      ['7', 7],
      [undefined, 0],
    ] as const) {
      const client = await followFeed(t, service.url, after === undefined ? {} : { after });
      await until(() => client.lastEventId !== '');
      assert.equal(client.retryMs, 2000);
      if (after === 'latest') assert.deepEqual([client.lastEventId, client.events], [String(expected), []]);
      else assert.equal(numbers(await client.received(1))[0], expected + 1);
      client.leave();
    }
  });

  test('200 resumes from Last-Event-ID, which takes precedence over `after`', async (t) => {
    const last = await head();
    const client = await followFeed(t, service.url, { after: 'latest', lastEventId: String(last - 40) });
    await client.received(40);
    await write(service, 1);
    await client.received(41);
    assert.deepEqual(numbers(client.events), rangeTo(last + 1).slice(-41));
  });

  test('400 and 410 as problem documents that name the header at fault', async () => {
    const headers = { accept: 'text/event-stream' };
    const ahead = { ...headers, 'last-event-id': '9223372036854775808' };
    const refused = await service.call('GET', '/changes?after=1', { headers: ahead });
    assert.deepEqual([refused.status, refused.problem.code], [400, 'feed_position_ahead']);
    assert.equal(refused.problem.errors?.[0]?.parameter, 'Last-Event-ID');
    const malformed = { ...headers, 'last-event-id': 'x' };
    const { status, problem } = await service.call('GET', '/changes', { headers: malformed });
    assert.deepEqual([status, problem.errors?.[0]?.parameter], [400, 'Last-Event-ID']);
    // Pages ignore the header.
    assert.equal((await service.call('GET', '/changes', { headers: { 'last-event-id': '9' } })).status, 200);
  });

  test('the stream is closed as soon as the client disconnects, even while idle', async (t) => {
    const open = () => openStreams(service);
    await until(async () => (await open()) === 0);
    const clients = await Promise.all(
      Array.from({ length: 5 }, () => followFeed(t, service.url, { after: 'latest' })),
    );
    await until(async () => (await open()) === 5);
    for (const client of clients) client.leave();
    await until(async () => (await open()) === 0);
  });

  test('streams end cleanly and at once when the service stops', async (t) => {
    const own = await startTestService(t, { engine });
    await write(own, 3);
    const clients = await Promise.all(['latest', '0', '2'].map((after) => followFeed(t, own.url, { after })));
    await clients[1]?.received(3);
    const startedAt = performance.now();
    await own.stop();
    assert.deepEqual(await Promise.all(clients.map(({ over }) => over)), ['ended', 'ended', 'ended']);
    // Connections that do not end by themselves are destroyed after 8 s.
    assert.ok(performance.now() - startedAt < 6000, 'stopping waited for the streams');
  });

  test('when retention overtakes a stream it is closed, and the next request returns 410', async (t) => {
    const own = await startTestService(t, { engine });
    const direct = openDirectly(t, own.databaseUrl);
    await write(own, 2);
    const client = await followFeed(t, own.url, { after: '2' });
    await until(() => client.lastEventId === '2');
    await execute(direct, 'UPDATE feed_head SET position = 9, horizon = 8', 'DELETE FROM changes');
    await write(own, 1);
    assert.equal(await client.over, 'cut');
    const headers = { accept: 'text/event-stream', 'last-event-id': client.lastEventId };
    assert.equal((await own.call('GET', '/changes', { headers })).problem.code, 'feed_position_gone');
  });

  test('a client that does not read is disconnected, and the other clients miss nothing', async (t) => {
    const own = await startTestService(t, { engine });
    const server = await serverOf(own);
    // One minute in production: see `http/server.ts`.
    server.timeout = 1500;
    const idle = await followFeed(t, own.url);
    const reader = await followFeed(t, own.url);
    idle.pause();
    let sent = 0;
    const note = '\u{1f600}'.repeat(4000);
    // First fill the socket buffers of both sides: a client that does not read cannot notice the disconnect
    // either.
    while ((await openStreams(own)) === 2) {
      assert.ok(sent < 3000, `${sent} changes were sent to a client that does not read`);
      await Promise.all(Array.from({ length: 20 }, () => write(own, 1, note)));
      sent += 20;
    }
    idle.resume();
    assert.equal(await idle.over, 'cut');
    const all = await reader.received(sent);
    assert.deepEqual(numbers(all), rangeTo(sent), 'the reading client missed changes');
    t.diagnostic(`disconnected after ${sent} changes of 32 kB, of which ${idle.events.length} were read`);
  });

  test('a comment is sent at intervals while nothing changes', async (t) => {
    const { feed } = await openStore(t, engine);
    const streams = createStreamHub(feed, { heartbeatMs: 20 });
    const iterator = (await streams.open('latest', 'after', anonymous))[Symbol.asyncIterator]();
    const texts: string[] = [];
    for (let count = 0; count < 3; count++) {
      const { value } = await iterator.next();
      texts.push(Buffer.from(value).toString());
    }
    assert.deepEqual(texts, ['retry: 2000\nid: 0\n\n', ':\n\n', ':\n\n']);
    const pending = iterator.next();
    assert.equal(streams.count, 1);
    await iterator.return?.();
    assert.deepEqual([(await pending).done, streams.count], [true, 0]);
  });
});

describeShared('of changes that another instance commits', (engine) => {
  test('each change reaches the streams of both instances', async (t) => {
    const one = await startTestService(t, { engine });
    const other = await startTestService(t, { engine, databaseUrl: one.databaseUrl });
    const clients = await Promise.all([one, other].map(({ url }) => followFeed(t, url)));
    const latenciesMs: number[] = [];
    for (let count = 1; count <= 20; count++) {
      await write(count % 2 ? one : other, 1);
      const startedAt = performance.now();
      await Promise.all(clients.map((client) => client.received(count)));
      latenciesMs.push(performance.now() - startedAt);
    }
    latenciesMs.sort((first, second) => first - second);
    t.diagnostic(`delay to the other instance: median ${Math.round(latenciesMs[10] ?? 0)} ms`);
  });
});

/** Only one process can serve a SQLite file, so these run on PostgreSQL only. */
function describeShared(title: string, define: (engine: EngineName) => void): void {
  describeEngines(`the event stream ${title}`, (engine) => {
    if (engine === 'postgres') define(engine);
  });
}

async function write(service: TestService, count: number, note: string | null = null): Promise<void> {
  for (let index = 0; index < count; index++) {
    const body = { name: `Customer ${index}`, note };
    assert.equal((await service.call<Customer>('POST', '/customers', { body })).status, 201);
  }
}

async function openStreams(service: TestService): Promise<number> {
  const { text } = await service.call('GET', '/metrics');
  return Number(/^feed_streams_open (\d+)$/m.exec(text)?.[1]);
}

async function pageAfter(service: TestService, after: string): Promise<ChangePage> {
  return (await service.call<ChangePage>('GET', '/changes', { query: { after } })).json;
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadlineMs = Date.now() + patienceMs;
  while (!(await holds())) {
    assert.ok(Date.now() < deadlineMs, 'timed out waiting for the condition');
    await delay(10);
  }
}

function rangeTo(last: number): number[] {
  return Array.from({ length: last }, (_, index) => index + 1);
}

/** The HTTP server of a test service, taken from Node's diagnostics channel. */
async function serverOf({ url, call }: TestService): Promise<Server> {
  const channel = 'http.server.request.start';
  const found: Server[] = [];
  const note = (message: unknown) => void found.push((message as { readonly server: Server }).server);
  diagnostics.subscribe(channel, note);
  await call('GET', '/livez');
  diagnostics.unsubscribe(channel, note);
  const port = Number(new URL(url).port);
  const server = found.find((each) => (each.address() as { port: number }).port === port);
  assert.ok(server);
  return server;
}
