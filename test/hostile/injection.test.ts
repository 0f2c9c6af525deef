/**
 * Texts that mean something to a database, a header, a log or a shell, in every input of every operation: the
 * database is unchanged or exactly as the text says, and no statement takes another shape because of a text.
 *
 * Proven by planting: the filter `tag` written into its statement, quotes doubled (a new shape); quotes in a name
 * made typographic before they are stored (not as sent); a list that counts itself in `feed_head` (a row changed).
 */

import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { loadConfig } from '../../src/config/config.ts';
import type { Engine } from '../../src/storage/engine/engine.ts';
import { migrate } from '../../src/storage/open.ts';
import { openDirectly } from '../storage/direct-engine.ts';
import { suiteCleanup } from '../support/cleanup.ts';
import { describeEngines, type EngineName } from '../support/engines.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { sampled, tier } from '../support/tier.ts';
import { dumpDatabase } from './database-dump.ts';
import { createSender, type HostileReply, type HostileRequest } from './hostile-request.ts';
import { injectionPayloads } from './injection-payloads.ts';
import { allInputs, type Input } from './payload-inputs.ts';
import { judge } from './request-oracle.ts';
import { count, emptyTally } from './request-tally.ts';
import { createResources } from './resources.ts';
import { type ObservedDatabase, observedDatabase } from './statement-observer.ts';
import { WrittenCustomers } from './written-customers.ts';

const soak = tier === 'soak';
const sideBySide = 12;
const harmless = ['harmless', 'Two words', 'three little words', 'x', 'a1', '7'];

describeEngines('injection', (engine) => {
  const cleanup = suiteCleanup();
  let database: ObservedDatabase;
  let service: TestService;
  let direct: Engine;
  let usual: Set<string>;
  before(async () => {
    database = await observedDatabase(cleanup, engine);
    if (engine === 'postgres') await migrate(loadConfig({ DATABASE_URL: database.databaseUrl }).database);
    // What it does by the clock has statements of its own.
    const sweepIntervalMs = 60 * 60 * 1000;
    service = await startTestService(cleanup, { engine, databaseUrl: database.databaseUrl, sweepIntervalMs });
    direct = openDirectly(cleanup, database.databaseUrl);
    const examples = allInputs().flatMap((input) =>
      [input.example, ...harmless].map((text) => input.put(text)),
    );
    // Twice, for the second time unique keys are taken.
    for (let time = 0; time < 2; time++) await send(service, defined(examples));
    usual = database.takeShapes();
  });

  test('what reads, and what is refused, changes nothing', async (t) => {
    const requests = hostileRequests().filter((each, index) =>
      judge(each).faults.length > 0 ? isTried(engine, index) : each.target.method === 'GET',
    );
    // Before the first dump: what stands for customers that must exist is made now.
    const ready = await prepare(service, requests);
    const earlier = await dumpDatabase(direct);
    const tally = emptyTally();
    await send(service, ready, (request, reply) => count(tally, request, reply));
    assert.deepEqual(await dumpDatabase(direct), earlier);
    assert.deepEqual(tally.examples, []);
    t.diagnostic(`${injectionPayloads.length} payloads, ${tally.cases} requests, 0 rows changed`);
  });

  test('what is accepted is stored exactly as it was sent, and nothing else', async (t) => {
    // Lines of an import are answered by results instead of customers: `operations/import-customers.test.ts` and
    // `operations/csv-injection.test.ts` hold them against what is stored.
    const requests = hostileRequests().filter(
      (each) =>
        each.target.method !== 'GET' &&
        each.target.operationId !== 'importCustomers' &&
        judge(each).faults.length === 0,
    );
    const written = new WrittenCustomers(await dumpDatabase(direct));
    const tally = emptyTally();
    await send(written.watch(service), requests, (request, reply) => {
      count(tally, request, reply);
      written.note(request, reply);
    });
    assert.deepEqual(tally.examples, []);
    const after = await dumpDatabase(direct);
    assert.deepEqual(written.compare(after), []);
    const [head = '{}'] = after.feed_head ?? [];
    assert.equal(Number(JSON.parse(head).position), after.changes?.length, 'positions without a change');
    t.diagnostic(`${tally.cases} writes, ${written.size} customers, 0 differ from what was sent`);
  });

  test('no statement takes a shape that harmless texts do not give it', (t) => {
    const shapes = database.takeShapes();
    const ours = [...shapes].filter((shape) => !isOfTheTest(shape) && shape !== livenessCheck);
    // On PostgreSQL a statement is told once for each connection, so that here there may be none at all.
    assert.ok(usual.size > 10, `statements are seen: ${usual.size}`);
    assert.deepEqual(
      ours.filter((shape) => !usual.has(shape)),
      [],
    );
    t.diagnostic(`${usual.size} shapes of statements from harmless texts, ${ours.length} seen again, 0 new`);
  });
});

/**
 * Every payload in every input. What several operations have in common gets all payloads in the first of them
 * and every tenth in the others, unless in a soak.
 */
function hostileRequests(): HostileRequest[] {
  const seen = new Set<string>();
  return allInputs().flatMap((input: Input, place) => {
    const again = seen.has(input.name);
    seen.add(input.name);
    const some = injectionPayloads.filter((_, index) => soak || !again || (index + place) % 10 === 0);
    const payloads = sampled(some, 12, input.name);
    return defined(payloads.map((payload) => input.put(payload)));
  });
}

/** What is refused is refused before any database is asked: the second one tries a part of it, but for soaks. */
function isTried(engine: EngineName, index: number): boolean {
  return soak || engine === 'sqlite' || index % 5 === 0;
}

function defined(requests: readonly (HostileRequest | undefined)[]): HostileRequest[] {
  return requests.filter((request) => request !== undefined);
}

async function prepare(service: TestService, requests: readonly HostileRequest[]): Promise<HostileRequest[]> {
  const withCustomer = createResources(service);
  const ready: HostileRequest[] = [];
  for (const request of requests) ready.push(await withCustomer(request));
  return ready;
}

async function send(
  service: Pick<TestService, 'url' | 'call'>,
  requests: readonly HostileRequest[],
  take: (request: HostileRequest, reply: HostileReply) => void = () => undefined,
): Promise<void> {
  const sender = createSender(service.url);
  const withCustomer = createResources(service);
  const remaining = requests.values();
  const worker = async () => {
    for (const request of remaining) {
      const ready = await withCustomer(request);
      take(ready, await sender.send(ready));
    }
  };
  await Promise.all(Array.from({ length: sideBySide }, worker)).finally(() => sender.close());
}

/** What the dumps of this test run, which share the wire to PostgreSQL. */
/** Asked of a connection that nothing was asked of for a while, which is a matter of how busy the machine is. */
const livenessCheck = 'SELECT 1';

function isOfTheTest(shape: string): boolean {
  return /sqlite_master|information_schema|^SELECT \* FROM "/.test(shape);
}
