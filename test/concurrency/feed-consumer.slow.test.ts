/**
 * A consumer that follows only the feed keeps an exact copy, even if it is killed and restarted at random.
 */

import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { ChangeEvent, Customer, CustomerList } from '../../src/contract/types.ts';
import { afterwards } from '../support/cleanup.ts';
import { describeEngines, type EngineName } from '../support/engines.ts';
import { startCommand } from '../support/process.ts';
import { type Random, randomFrom } from '../support/random.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { byTier } from '../support/tier.ts';

const kills = byTier({ full: 5, soak: 50 });
const writers = 8;
const program = fileURLToPath(new URL('feed-consumer.ts', import.meta.url));

describeEngines('a consumer of the change feed', (engine) => {
  test('ends with an exact copy, however often it is killed', async (t) => {
    const random = randomFrom(`feed consumer ${engine}`);
    const services = await startServices(t, engine);
    const folder = await mkdtemp(join(tmpdir(), 'customers-test-consumer-'));
    afterwards(t, () => rm(folder, { recursive: true, force: true }));
    const journal = join(folder, 'journal');
    let writing = true;
    const written = Array.from({ length: writers }, (_, index) =>
      write(random.pick(services), randomFrom(`consumer's writer ${engine} ${index}`), () => writing),
    );
    const modes = { stream: 0, pages: 0 };
    const lengths: number[] = [];
    for (let kill = 0; kill < kills; kill++) {
      const mode = random.boolean() ? 'stream' : 'pages';
      modes[mode] += 1;
      const consumer = await startConsumer(random.pick(services).url, journal, mode);
      // Kill it while it works, or before it has started to.
      const whileWorking = random.boolean() || kill === kills - 1;
      const goal = whileWorking ? (lengths.at(-1) ?? 0) + random.integer(1, 60) : 0;
      await grown(journal, goal);
      await delay(random.integer(0, 30));
      await consumer.stop('SIGKILL');
      lengths.push((await journalOf(journal)).length);
    }
    writing = false;
    await Promise.all(written);

    const [service] = services as [TestService];
    const { next } = (await service.call<{ next: string }>('GET', '/changes?after=latest')).json;
    const last = await startConsumer(service.url, journal, 'stream');
    while ((await journalOf(journal)).at(-1)?.id !== next) await delay(50);
    await last.stop('SIGKILL');

    const events = await journalOf(journal);
    assert.deepEqual(
      events.map(({ id }) => Number(id)),
      events.map((_, index) => index + 1),
      'a change is missing or was applied twice',
    );
    const copy = new Map(events.flatMap(({ data }) => (data ? [[data.customer.id, data.customer]] : [])));
    const customers = await allCustomers(service);
    assert.deepEqual(copy, customers);
    assert.ok(new Set(lengths).size > 1, 'it was never killed while making progress');
    t.diagnostic(
      `${kills} kills (${modes.stream} of a stream, ${modes.pages} of pages), ${writers} writers on ` +
        `${services.length} instances: ${events.length} changes, ${copy.size} customers, 0 differ`,
    );
  });
});

function startConsumer(url: string, journal: string, mode: string) {
  const nodeArguments = ['--import', import.meta.resolve('tsx'), program];
  return startCommand([url, journal, mode], { nodeArguments, ready: /following/ });
}

/** The consumer's journal, without an incomplete last line. */
async function journalOf(file: string): Promise<ChangeEvent[]> {
  const text = await readFile(file, 'utf8').catch(() => '');
  const lines = text.slice(0, text.lastIndexOf('\n') + 1).split('\n');
  return lines.filter(Boolean).map((line) => JSON.parse(line));
}

/** Waits until the journal has this length, with a timeout. */
async function grown(journal: string, length: number): Promise<void> {
  const deadlineMs = Date.now() + 5000;
  while ((await journalOf(journal)).length < length && Date.now() < deadlineMs) await delay(5);
}

async function allCustomers(service: TestService): Promise<Map<string, Customer>> {
  const found = new Map<string, Customer>();
  let query: Record<string, string> = { includeDeleted: 'true', limit: '100' };
  for (let more = true; more; ) {
    const { items, nextCursor } = (await service.call<CustomerList>('GET', '/customers', { query })).json;
    for (const customer of items) found.set(customer.id, customer);
    more = nextCursor !== null;
    query = { ...query, cursor: nextCursor ?? '' };
  }
  return found;
}

/** One process serves a SQLite file; several can serve a PostgreSQL database. */
async function startServices(t: TestContext, engine: EngineName): Promise<TestService[]> {
  const first = await startTestService(t, { engine });
  if (engine === 'sqlite') return [first];
  return [first, await startTestService(t, { engine, databaseUrl: first.databaseUrl })];
}

async function write(service: TestService, random: Random, isRunning: () => boolean): Promise<void> {
  const ids: string[] = [];
  while (isRunning()) {
    const kind = random.integer(0, 9);
    const path = `/customers/${ids.length > 0 ? random.pick(ids) : ''}`;
    if (ids.length < 3 || kind < 2) {
      const body = { name: `Ada ${random.next()}`, tags: ['ünï'], metadata: { tier: 'gold' } };
      ids.push((await service.call<Customer>('POST', '/customers', { body })).json.id);
    } else if (kind < 5) await service.call('PATCH', path, { body: { note: `${random.next()}` } });
    else if (kind < 7) await service.call('PUT', path, { body: { name: `Grace ${random.next()}` } });
    else if (kind < 8) await service.call('DELETE', path);
    else await service.call('POST', `${path}/restore`);
    await delay(random.integer(0, 20));
  }
}
