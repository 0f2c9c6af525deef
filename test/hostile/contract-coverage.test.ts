/**
 * Limits of every parameter and member of every operation, valid and invalid, and random whole requests, all
 * derived from the contract, so that new operations are covered automatically. An independent oracle
 * (`request-oracle.ts`) predicts each result.
 *
 * Planted, and each failed: `integerPattern` left out of `middleware/validation.ts` (`0x10` accepted),
 * `isTimeZone` always true (Europe/Atlantis accepted), an X-Extra header on every response (not in the
 * contract).
 */

import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { RuleSchema } from '../conformance/violations.ts';
import { suiteCleanup } from '../support/cleanup.ts';
import { resolved } from '../support/contract-document.ts';
import { describeEngines, type EngineName } from '../support/engines.ts';
import { randomFrom } from '../support/random.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { byTier, sampled, tier } from '../support/tier.ts';
import { createSender, type HostileReply, type HostileRequest } from './hostile-request.ts';
import { hostileTargets } from './hostile-targets.ts';
import { randomRequests } from './random-requests.ts';
import { matrixOf } from './request-matrix.ts';
import { judge } from './request-oracle.ts';
import { count, emptyTally, type Tally } from './request-tally.ts';
import { createResources } from './resources.ts';

const soak = tier === 'soak';
const randomCases = byTier({ quick: 15, full: 300, soak: 20_000 });
const concurrency = 12;
const overloadRefusalsMax = 10;

describeEngines('contract coverage', (engine) => {
  const cleanup = suiteCleanup();
  let service: TestService;
  before(async () => {
    service = await startTestService(cleanup, { engine });
  });

  for (const target of hostileTargets) {
    test(`${target.operationId}: every limit, and ${randomCases} random requests`, async (t) => {
      const { seed } = randomFrom(`contract coverage ${engine} ${target.operationId}`);
      const every = matrixOf(target).filter((request, index) => isTried(engine, request, index));
      const matrix = sampled(every, 8, `${engine} ${target.operationId}`);
      const tally = await run(service, matrix, randomRequests(target, seed, randomCases));
      t.diagnostic(report(tally, matrix.length));
      const none = Object.fromEntries(Object.keys(tally.shortfalls).map((kind) => [kind, 0]));
      assert.deepEqual(tally.shortfalls, none, tally.examples.join('\n'));
      assert.ok(
        successes(tally) > 0,
        `${target.operationId} never succeeded: does resources.ts know its parameters?`,
      );
      // A streamed body is judged line by line, so there is no prediction for the whole request.
      const isOpen = Object.values(target.content).some(
        ({ schema = {} }) => resolved<RuleSchema>(schema).format === 'binary',
      );
      const least = byTier({ quick: 1, full: 11 });
      assert.ok(
        (isOpen || tally.valid >= least) && tally.invalid >= least,
        'values on both sides of the limits are tried',
      );
    });
  }
});

/**
 * Validation runs before any database access, so the second engine tries only a part, except in soak runs.
 */
function isTried(engine: EngineName, request: HostileRequest, index: number): boolean {
  return soak || engine === 'sqlite' || index % 5 === 0 || judge(request).faults.length === 0;
}

/** Sends all of them, several concurrently. */
async function run(
  service: TestService,
  matrix: readonly HostileRequest[],
  random: Iterable<HostileRequest>,
): Promise<Tally> {
  const tally = emptyTally();
  const sender = createSender(service.url);
  const withCustomer = createResources(service);
  const requests = chain(matrix, random);
  const worker = async () => {
    for (const request of requests) {
      const ready = await withCustomer(request);
      count(tally, ready, await sendPatiently(sender, ready));
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker)).finally(() => sender.close());
  return tally;
}

/**
 * If the machine starves the database, the service sheds load, which says nothing about the request; it is
 * sent again.
 */
async function sendPatiently(
  sender: ReturnType<typeof createSender>,
  request: HostileRequest,
): Promise<HostileReply> {
  for (let refusals = 0; ; refusals += 1) {
    const reply = await sender.send(request);
    const isOverload =
      reply.status === 503 && reply.text.includes('wait for the database already take longer');
    if (!isOverload || refusals >= overloadRefusalsMax) return reply;
    await pause(1000);
  }
}

function* chain<T>(...sources: Iterable<T>[]): Generator<T> {
  for (const source of sources) yield* source;
}

function successes({ statuses }: Tally): number {
  return [...statuses].filter(([status]) => status < 400).reduce((sum, [, times]) => sum + times, 0);
}

function report({ cases, valid, invalid, statuses, shortfalls }: Tally, matrix: number): string {
  const reached = [...statuses]
    .sort(([one], [other]) => one - other)
    .map(([status, times]) => `${status}: ${times}`);
  const short = Object.values(shortfalls).reduce((sum, each) => sum + each, 0);
  return `${cases} cases (${matrix} boundaries), ${valid} valid, ${invalid} invalid, ${short} wrong; ${reached.join(', ')}`;
}
