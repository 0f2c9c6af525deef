/**
 * Each customer is a linearizable object: what clients see fits one order that agrees with real time, on one
 * instance and on two that share a database.
 *
 * Planted, and each failed: point reads answered from data read 20 ms earlier; If-Match not compared (two
 * writers with one tag).
 */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { suiteCleanup } from '../support/cleanup.ts';
import { describeEngines } from '../support/engines.ts';
import { randomFrom } from '../support/random.ts';
import { startTestService } from '../support/service.ts';
import { byTier } from '../support/tier.ts';
import { record } from './recorder.ts';
import { judge } from './verdict.ts';

const operations = byTier({ quick: 400, full: 2000, soak: 100_000 });
/** A verdict is meaningless if most operations were refused. */
const doneShareMin = 0.2;

describeEngines('linearizability', (engine) => {
  const cleanup = suiteCleanup();
  test(`of ${operations} operations on one instance: 0 violations`, async (t) => {
    const { url } = await startTestService(cleanup, { engine });
    const random = randomFrom(`linearizability ${engine}`);
    const startedAt = performance.now();
    const recorded = await record({ urls: [url], customers: 5, clients: 24, operations, random });
    t.diagnostic(`recorded in ${Math.round((performance.now() - startedAt) / 1000)} s`);
    const { violations, done, summary } = await judge(recorded, url);
    t.diagnostic(summary);
    assert.deepEqual(violations, []);
    assert.ok(done >= operations * doneShareMin, `only ${done} of ${operations} operations succeeded`);
  });
});

describe('linearizability on two instances', () => {
  const cleanup = suiteCleanup();
  test(`of ${operations} operations that share a PostgreSQL: 0 violations`, async (t) => {
    const first = await startTestService(cleanup, { engine: 'postgres' });
    const { databaseUrl } = first;
    const second = await startTestService(cleanup, { engine: 'postgres', databaseUrl });
    const random = randomFrom('linearizability of two');
    const urls = [first.url, second.url];
    const recorded = await record({ urls, customers: 5, clients: 24, operations, random });
    const { violations, done, summary } = await judge(recorded, second.url);
    t.diagnostic(summary);
    assert.deepEqual(violations, []);
    assert.ok(done >= operations * doneShareMin, `only ${done} of ${operations} operations succeeded`);
  });
});
