/** One Idempotency-Key on two instances that share a database. */

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import type { Customer } from '../../src/contract/types.ts';
import { suiteCleanup } from '../support/cleanup.ts';
import { type Reply, startTestService, type TestService } from '../support/service.ts';
import { byTier } from '../support/tier.ts';

const rounds = byTier({ quick: 4, full: 20, soak: 200 });
const atOnce = 50;

describe('Idempotency-Key on two instances [postgres]', () => {
  const cleanup = suiteCleanup();
  let services: TestService[];
  before(async () => {
    const first = await startTestService(cleanup, { engine: 'postgres' });
    services = [
      first,
      await startTestService(cleanup, { engine: 'postgres', databaseUrl: first.databaseUrl }),
    ];
  });

  const instance = (index: number) => services[index % services.length] as TestService;
  const total = async () =>
    (await instance(0).call<{ total: number }>('GET', '/customers', { query: { includeTotal: true } })).json
      .total;
  const spread = (path: string, body: unknown, key: string) =>
    Promise.all(
      Array.from({ length: atOnce }, (_, index) =>
        instance(index).call<Customer>('POST', path, {
          ...(body ? { body } : {}),
          headers: { 'Idempotency-Key': key },
        }),
      ),
    );

  test(`${atOnce} concurrent creations: one customer, identical replays`, async (t) => {
    for (let round = 0; round < rounds; round++) {
      const stored = await total();
      // Every second one has a unique key, so that a repeat could also conflict with the first.
      const unique = round % 2 ? { email: `ada-${round}@example.com`, externalId: `ada:${round}` } : {};
      assertOnce(await spread('/customers', { name: 'Ada', ...unique }, `create-${round}`), 201);
      assert.equal(await total(), stored + 1);
    }
    t.diagnostic(`${rounds} rounds of ${atOnce} on 2 instances: ${rounds} customers`);
  });

  test(`${atOnce} concurrent restorations: one version, identical replays`, async () => {
    for (let round = 0; round < rounds; round++) {
      const { id } = (await instance(0).call<Customer>('POST', '/customers', { body: { name: 'Ada' } })).json;
      await instance(1).call('DELETE', `/customers/${id}`);
      const replies = await spread(`/customers/${id}/restore`, undefined, `restore-${round}`);
      assertOnce(replies, 200);
      assert.equal(replies[0]?.json.version, 3);
    }
  });

  test('two concurrent payloads: the first is stored once, the others are refused', async () => {
    for (let round = 0; round < rounds; round++) {
      const replies = await Promise.all(
        Array.from({ length: atOnce }, (_, index) =>
          instance(index).call<Customer>('POST', '/customers', {
            body: { name: index % 2 ? 'Odd' : 'Even' },
            headers: { 'Idempotency-Key': `payloads-${round}` },
          }),
        ),
      );
      const refused = replies.filter(({ status }) => status !== 201);
      assert.equal(refused.length, atOnce / 2);
      for (const { problem } of refused) assert.equal(problem.code, 'idempotency_key_reused');
      assertOnce(
        replies.filter(({ status }) => status === 201),
        201,
      );
    }
  });
});

function assertOnce(replies: readonly Reply<Customer>[], status: number): void {
  const parts = replies.map(({ status, text, headers }) => [status, text, headers.get('feed-position')]);
  for (const part of parts) assert.deepEqual(part, parts[0]);
  assert.equal(parts[0]?.[0], status);
  const repeats = replies.filter(({ headers }) => headers.get('idempotency-replayed') === 'true');
  assert.equal(repeats.length, replies.length - 1);
}
