/**
 * Texts with a special meaning to a database, header, log or shell, in every input of every operation: the
 * database is unchanged or holds exactly the text, and no statement changes its shape.
 *
 * Planted, and each failed: the filter `tag` concatenated into its statement with doubled quotes (a new
 * shape); quotes in a name made typographic (not as sent); a list that counts itself in `feed_head` (a row
 * changed).
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
const concurrency = 12;
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
    // Long, because the sweep runs statements of its own.
    const sweepIntervalMs = 60 * 60 * 1000;
    service = await startTestService(cleanup, { engine, databaseUrl: database.databaseUrl, sweepIntervalMs });
    direct = openDirectly(cleanup, database.databaseUrl);
    const examples = allInputs().flatMap((input) =>
      [input.example, ...harmless].map((text) => input.put(text)),
    );
    // Twice, because unique keys are in use the second time.
    for (let time = 0; time < 2; time++) await send(service, defined(examples));
    usual = database.takeShapes();
  });

  test('reads and refused requests change nothing', async (t) => {
    const requests = hostileRequests().filter((each, index) =>
      judge(each).faults.length > 0 ? isTried(engine, index) : each.target.method === 'GET',
    );
    // Before the first dump, because this creates the customers that must exist.
    const ready = await prepare(service, requests);
    const earlier = await dumpDatabase(direct);
    const tally = emptyTally();
    await send(service, ready, (request, reply) => count(tally, request, reply));
    assert.deepEqual(await dumpDatabase(direct), earlier);
    assert.deepEqual(tally.examples, []);
    t.diagnostic(`${injectionPayloads.length} payloads, ${tally.cases} requests, 0 rows changed`);
  });

  test('accepted texts are stored exactly as sent, and nothing else changes', async (t) => {
    // Import lines return results instead of customers; `operations/import-customers.test.ts` and
    // `operations/csv-injection.test.ts` compare them with what is stored.
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

  test('hostile texts cause no statement with a new shape', (t) => {
    const shapes = database.takeShapes();
    const ours = [...shapes].filter(
      (shape) => !isOfTheTest(shape) && shape !== livenessCheck && !scrubbing.test(shape),
    );
    // On PostgreSQL a statement is sent only once per connection, so there may be none at all here.
    assert.ok(usual.size > 10, `statements were observed: ${usual.size}`);
    assert.deepEqual(
      ours.filter((shape) => !usual.has(shape)),
      [],
    );
    t.diagnostic(`${usual.size} statement shapes from harmless texts, ${ours.length} seen again, 0 new`);
  });
});

/**
 * Every payload in every input. Inputs shared by several operations get all payloads in the first and every
 * tenth in the others, except in soak runs.
 */
function hostileRequests(): HostileRequest[] {
  const seen = new Set<string>();
  return allInputs().flatMap((input: Input, place) => {
    const again = seen.has(input.name);
    seen.add(input.name);
    const some = injectionPayloads.filter((_, index) => soak || !again || (index + place) % 10 === 0);
    const payloads = sampled(some, 40, input.name);
    return defined(payloads.map((payload) => input.put(payload)));
  });
}

/**
 * Validation runs before any database access, so the second engine tries only a part, except in soak runs.
 */
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
  await Promise.all(Array.from({ length: concurrency }, worker)).finally(() => sender.close());
}

/** Statements of this test's own dumps, which use the same connection to PostgreSQL. */
/** The liveness check of an idle connection, which depends on the machine's load. */
const livenessCheck = 'SELECT 1';

/**
 * Removing residue after an erasure. Whether there is any depends on how SQLite has split its pages. The statements name
 * indexes that exist, and no text of a request.
 */
const scrubbing =
  /^(REINDEX "customers?_\w+"|VACUUM|SELECT count\(\*\) AS pages FROM dbstat WHERE name = \? AND pageno IN \(SELECT value FROM json_each\(\?\)\)|SELECT name FROM sqlite_schema WHERE type = ('index'|\?))$/;

function isOfTheTest(shape: string): boolean {
  return /sqlite_master|information_schema|^SELECT \* FROM "/.test(shape);
}
