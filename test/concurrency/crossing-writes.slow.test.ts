/**
 * Batches of two instances that want the same rows and keys in different orders; deadlocks must refuse
 * nothing.
 */

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import type { Customer } from '../../src/contract/types.ts';
import { suiteCleanup } from '../support/cleanup.ts';
import { type Random, randomFrom } from '../support/random.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { byTier } from '../support/tier.ts';

const rounds = byTier({ full: 8, soak: 100 });
const customersCount = 10;
const writesCount = 120;
const patienceMs = 10_000;

describe('crossing writes on two instances [postgres]', () => {
  const cleanup = suiteCleanup();
  const random = randomFrom('crossing writes');
  let services: TestService[];
  before(async () => {
    const first = await startTestService(cleanup, { engine: 'postgres' });
    const { databaseUrl } = first;
    services = [first, await startTestService(cleanup, { engine: 'postgres', databaseUrl })];
  });
  const create = async (service: TestService, body: object, key?: string) =>
    service.call<Customer>('POST', '/customers', {
      body: { name: 'Ada', ...body },
      headers: key === undefined ? {} : { 'Idempotency-Key': key },
    });

  test('updates of the same few customers: all stored, in sequence', async (t) => {
    let slowestMs = 0;
    for (let round = 0; round < rounds; round++) {
      const made = await Promise.all(
        Array.from({ length: customersCount }, () => create(services[0] as TestService, {})),
      );
      const ids = made.map(({ json }) => json.id);
      const begin = performance.now();
      const replies = await Promise.all(
        Array.from({ length: writesCount }, (_, index) =>
          random.pick(services).call<Customer>('PATCH', `/customers/${random.pick(ids)}`, {
            body: { metadata: { [`write-${index % 40}`]: String(index) }, note: String(index) },
          }),
        ),
      );
      slowestMs = Math.max(slowestMs, performance.now() - begin);
      assert.deepEqual(statusesOf(replies), { 200: writesCount });
      const versions = replies.map(({ json }) => `${json.id} ${json.version}`);
      assert.equal(new Set(versions).size, writesCount, 'two writes produced one version');
    }
    t.diagnostic(`${rounds} rounds of ${writesCount}: all stored, slowest round ${Math.round(slowestMs)} ms`);
    assert.ok(slowestMs < patienceMs);
  });

  test('the same keys at the same time, in different orders: each stored once', async (t) => {
    let slowestMs = 0;
    for (let round = 0; round < rounds; round++) {
      const keys = Array.from({ length: 40 }, (_, index) => `crossing-${round}-${index}`);
      const begin = performance.now();
      const answers = await Promise.all(
        services.flatMap((service) =>
          shuffled(keys, random).map(async (key) => ({
            key,
            reply: await create(service, { note: key }, key),
          })),
        ),
      );
      slowestMs = Math.max(slowestMs, performance.now() - begin);
      assert.deepEqual(statusesOf(answers.map(({ reply }) => reply)), { 201: keys.length * 2 });
      const ids = new Set(answers.map(({ key, reply }) => `${key} ${reply.json.id}`));
      assert.equal(ids.size, keys.length);
    }
    t.diagnostic(`${rounds} rounds of 80: 40 stored each, slowest round ${Math.round(slowestMs)} ms`);
    assert.ok(slowestMs < patienceMs);
  });

  test('the same emails at the same time, in different orders: one customer each, the others 409', async (t) => {
    let slowestMs = 0;
    for (let round = 0; round < rounds; round++) {
      const emails = Array.from({ length: 40 }, (_, index) => `crossing-${round}-${index}@example.com`);
      const begin = performance.now();
      const replies = await Promise.all(
        services.flatMap((service) => shuffled(emails, random).map((email) => create(service, { email }))),
      );
      slowestMs = Math.max(slowestMs, performance.now() - begin);
      assert.deepEqual(statusesOf(replies), { 201: emails.length, 409: emails.length });
    }
    t.diagnostic(`${rounds} rounds of 80: 40 stored each, slowest round ${Math.round(slowestMs)} ms`);
    assert.ok(slowestMs < patienceMs);
  });

  test('all of it at once: only used emails are refused', async (t) => {
    const seen: Record<string, number> = {};
    const made = await Promise.all(
      Array.from({ length: customersCount }, () => create(services[0] as TestService, {})),
    );
    const ids = made.map(({ json }) => json.id);
    for (let round = 0; round < rounds; round++) {
      const replies = await Promise.all(
        Array.from({ length: writesCount }, () => {
          const service = random.pick(services);
          const email = `mixed-${random.integer(0, 5)}@example.com`;
          const kind = random.integer(0, 3);
          if (kind === 0) return create(service, { email }, `mixed-${round}-${random.integer(0, 20)}`);
          const body = { email: kind === 1 ? email : null, note: String(random.next()) };
          return service.call<Customer>('PATCH', `/customers/${random.pick(ids)}`, { body });
        }),
      );
      for (const [status, count] of Object.entries(statusesOf(replies)))
        seen[status] = (seen[status] ?? 0) + count;
    }
    t.diagnostic(`${rounds} rounds of ${writesCount}: ${JSON.stringify(seen)}`);
    // 422: two mixed creations under one key had different emails.
    const known = ['200', '201', '409', '422'];
    assert.deepEqual(
      Object.keys(seen).filter((status) => !known.includes(status)),
      [],
    );
  });
});

function statusesOf(replies: readonly { readonly status: number }[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { status } of replies) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

function shuffled<T>(list: readonly T[], random: Random): T[] {
  return list
    .map((item) => ({ item, place: random.next() }))
    .sort((one, other) => one.place - other.place)
    .map(({ item }) => item);
}
