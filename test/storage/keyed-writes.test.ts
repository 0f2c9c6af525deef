/** Keyed writes at the store, with timing and principals that HTTP tests cannot control. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { createCommand, updateCommand } from '../../src/domain/commands.ts';
import type { WriteContext } from '../../src/domain/context.ts';
import type { WriteOutcome } from '../../src/domain/customer-store.ts';
import { Failure } from '../../src/domain/failures.ts';
import { suiteCleanup } from '../support/cleanup.ts';
import { describeEngines } from '../support/engines.ts';
import { select } from './direct-engine.ts';
import { type OpenStore, openStore, plainContext } from './open-store.ts';

describeEngines('keyed writes', (engine) => {
  const cleanup = suiteCleanup();
  let store: OpenStore;
  before(async () => {
    store = await openStore(cleanup, engine);
  });

  const create = (name: string, changes: Partial<WriteContext>, body = {}) =>
    store.customers.write(createCommand({ name, ...body }), plainContext(changes));
  const keyed = (key: string, fingerprint = 'same') => ({
    idempotency: { key, scope: ['tester', 'createCustomer'] as const, fingerprint: ['POST', fingerprint] },
  });
  const customersNamed = (name: string) =>
    select<{ id: string }>(store.engine, 'SELECT id FROM customers WHERE name = ?', name);

  test('with one key in one transaction: one is applied, the others replay it', async () => {
    const outcomes = await Promise.all(Array.from({ length: 30 }, () => create('One of 30', keyed('one'))));
    const [first, ...others] = outcomes as [WriteOutcome, ...WriteOutcome[]];
    assert.equal(first.replayed, false);
    for (const other of others) assert.deepEqual(other, { ...first, replayed: true });
    assert.equal((await customersNamed('One of 30')).length, 1);
    assert.deepEqual(await create('One of 30', keyed('one')), { ...first, replayed: true });
  });

  test('with one key and two payloads in one transaction: the first wins', async () => {
    const outcomes = await Promise.allSettled(
      Array.from({ length: 10 }, (_, index) => create('Two payloads', keyed('two', `payload ${index % 2}`))),
    );
    const codes = outcomes.map((outcome) =>
      outcome.status === 'rejected' ? (outcome.reason as Failure).code : 'stored',
    );
    assert.deepEqual(
      codes,
      codes.map((_, index) => (index % 2 ? 'idempotency_key_reused' : 'stored')),
    );
    assert.equal((await customersNamed('Two payloads')).length, 1);
  });

  test('with one key in one transaction: if the first fails, the next valid one is applied', async () => {
    const email = 'first-refused@example.com';
    const holder = await create('Holder', {}, { email });
    const refused = await Promise.allSettled(
      [1, 2, 3].map(() => create('Refused', keyed('refused'), { email })),
    );
    for (const outcome of refused) assert.equal(codeOf(outcome), 'email_taken');
    const [, released, stored, repeated] = await Promise.allSettled([
      create('Before', {}),
      store.customers.write(updateCommand(holder.id, { email: null }, {}), plainContext()),
      create('Refused', keyed('refused'), { email }),
      create('Refused', keyed('refused'), { email }),
    ]);
    assert.deepEqual([released, stored, repeated].map(codeOf), [undefined, undefined, undefined]);
    assert.equal((await customersNamed('Refused')).length, 1);
  });

  test('with many keys in one transaction, each repeated: one customer per key', async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 90 }, (_, index) => create('Many keys', keyed(`many-${index % 30}`))),
    );
    assert.equal(new Set(outcomes.map(({ id }) => id)).size, 30);
    assert.equal(outcomes.filter(({ replayed }) => replayed).length, 60);
    assert.equal((await customersNamed('Many keys')).length, 30);
  });

  test('an Idempotency-Key is scoped to the principal and the operation', async () => {
    const request = (principal: string, operation: string, body = 'same') => ({
      idempotency: { key: 'shared', scope: [principal, operation] as const, fingerprint: ['POST', body] },
      actor: principal,
    });
    const first = await create('Ada', request('alice', 'createCustomer'));
    const others = await Promise.all([
      create('Ada', request('bob', 'createCustomer')),
      create('Ada', request('alice', 'restoreCustomer')),
      // Principal and operation must not be joined ambiguously.
      create('Ada', request('alicecreateCustomer', '')),
      create('Ada', request('ali', 'cecreateCustomer')),
    ]);
    assert.equal(new Set([first, ...others].map(({ id }) => id)).size, 5);
    for (const { replayed } of others) assert.equal(replayed, false);
    const again = await create('Ada', request('alice', 'createCustomer'));
    assert.deepEqual(withoutReplayed(again), withoutReplayed(first));
    assert.equal(again.replayed, true);
    await assert.rejects(create('Eve', request('bob', 'createCustomer', 'other')), (error) => {
      return error instanceof Failure && error.code === 'idempotency_key_reused';
    });
    const [change] = await select<{ actor: string }>(
      store.engine,
      'SELECT actor FROM changes WHERE customer_id = ?',
      others[0]?.id ?? '',
    );
    assert.equal(change?.actor, 'bob');
  });
});

function codeOf(outcome: PromiseSettledResult<WriteOutcome> | undefined): string | undefined {
  if (outcome?.status !== 'rejected') return undefined;
  return outcome.reason instanceof Failure ? outcome.reason.code : String(outcome.reason);
}

function withoutReplayed({ replayed: _, ...outcome }: WriteOutcome) {
  return outcome;
}
