/** Writes that share a transaction do not affect each other. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { Customer } from '../../src/contract/types.ts';
import { type Command, createCommand, updateCommand } from '../../src/domain/commands.ts';
import type { WriteContext } from '../../src/domain/context.ts';
import { Failure } from '../../src/domain/failures.ts';
import { suiteCleanup } from '../support/cleanup.ts';
import { describeEngines } from '../support/engines.ts';
import { select } from './direct-engine.ts';
import { type OpenStore, openStore, plainContext } from './open-store.ts';

/** A NULL that the change log does not allow: the database fails for a reason no caller can cause. */
const poison = () => plainContext({ requestId: null as unknown as string });

describeEngines('writes in one transaction', (engine) => {
  const cleanup = suiteCleanup();
  let store: OpenStore;
  before(async () => {
    store = await openStore(cleanup, engine);
  });

  const create = (name: string, changes: Partial<WriteContext> = {}, body = {}) =>
    store.customers.write(createCommand({ name, ...body }), plainContext(changes));
  const rowCount = async (table: string) =>
    Number(
      (await select<{ count: number }>(store.engine, `SELECT count(*) AS count FROM ${table}`))[0]?.count,
    );
  const head = async () =>
    Number((await select<{ position: number }>(store.engine, 'SELECT position FROM feed_head'))[0]?.position);

  test('a write that the database rejects fails alone', async () => {
    const target = (await create('Target')).id;
    const [customers, changes] = [await rowCount('customers'), await rowCount('changes')];
    const works: [Command, WriteContext][] = [
      ...Array.from({ length: 10 }, (_, index): [Command, WriteContext] => [
        createCommand({ name: `Neighbour ${index}`, tags: ['neighbour'] }),
        plainContext(),
      ]),
      [createCommand({ name: 'Poison', tags: ['poison'] }), poison()],
      [updateCommand(target, { note: 'changed' }, {}), plainContext()],
      [updateCommand(target, { note: 'poisoned' }, {}), poison()],
      [createCommand({ name: 'Last' }), plainContext()],
    ];
    const settled = await Promise.allSettled(
      works.map(([command, context]) => store.customers.write(command, context)),
    );
    const failed = settled.flatMap(({ status }, index) => (status === 'rejected' ? [index] : []));
    assert.deepEqual(failed, [10, 12]);
    for (const index of failed) {
      const { reason } = settled[index] as PromiseRejectedResult;
      assert.ok(!(reason instanceof Failure), 'a defect must not be reported as a refusal');
    }
    assert.equal(await rowCount('customers'), customers + 11);
    assert.equal(await rowCount('changes'), changes + 12);
    assert.equal(await head(), changes + 12, 'a rolled-back write used a position');
    assert.equal((await customerOf(store.customers.get(target))).note, 'changed');
    assert.deepEqual(await select(store.engine, "SELECT tag FROM customer_tags WHERE tag = 'poison'"), []);
  });

  test('writes continue after one that the database rejected', async () => {
    await assert.rejects(store.customers.write(createCommand({ name: 'Poison' }), poison()));
    assert.equal((await create('Healthy')).created, true);
  });

  test('a refusal for a used email leaves the positions of the others without a gap', async () => {
    const before = await head();
    const email = 'neighbour@example.com';
    const outcomes = await Promise.allSettled([
      create('First', {}, { email }),
      create('Second', {}, { email }),
      create('Third', {}, { email: 'third@example.com' }),
      create('Fourth', {}, { externalId: 'fourth', email }),
    ]);
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled', 'rejected'],
    );
    const positions = outcomes.flatMap((outcome) =>
      outcome.status === 'fulfilled' ? [Number(outcome.value.feedPosition)] : [],
    );
    assert.deepEqual(positions, [before + 1, before + 2]);
    assert.equal((await create('Fourth', {}, { externalId: 'fourth' })).created, true);
  });

  test('writes to one customer are applied in order of arrival', async () => {
    const { id } = await create('Ada');
    const outcomes = await Promise.all(
      Array.from({ length: 60 }, (_, index) =>
        store.customers.write(updateCommand(id, { note: `note ${index}` }, {}), plainContext()),
      ),
    );
    assert.deepEqual(
      outcomes.map(({ etag, body }) => [etag, (JSON.parse(body) as Customer).note]),
      Array.from({ length: 60 }, (_, index) => [`"${index + 2}"`, `note ${index}`]),
    );
    const positions = outcomes.map(({ feedPosition }) => Number(feedPosition));
    assert.deepEqual(
      positions,
      positions.map((_, index) => (positions[0] ?? 0) + index),
    );
  });

  test('an email released in a transaction is free for another write of the same transaction', async () => {
    const email = 'handed-on@example.com';
    const { id } = await create('Before', {}, { email });
    const [released, taken] = await Promise.all([
      store.customers.write(updateCommand(id, { email: null }, {}), plainContext()),
      create('After', {}, { email }),
    ]);
    assert.deepEqual([released?.etag, taken?.created], ['"2"', true]);
  });

  test('a dry run among real writes stores nothing and does not disturb the others', async () => {
    const [customers, position] = [await rowCount('customers'), await head()];
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, index) => create(`Ada ${index}`, { validateOnly: index % 4 === 1 })),
    );
    assert.deepEqual(
      outcomes.map(({ validated }) => validated),
      outcomes.map((_, index) => index % 4 === 1),
    );
    assert.equal(await rowCount('customers'), customers + 15);
    assert.equal(await head(), position + 15);
  });

  test('a write whose caller has given up is not started', async () => {
    const customers = await rowCount('customers');
    const outcomes = await Promise.allSettled([
      create('In time'),
      create('Too late', { deadlineMs: Date.now() - 1 }),
      create('In time as well'),
    ]);
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled'],
    );
    const { reason } = outcomes[1] as PromiseRejectedResult;
    assert.equal((reason as Failure).code, 'unavailable');
    assert.equal(await rowCount('customers'), customers + 2);
  });
});

async function customerOf(stored: Promise<{ readonly body: string }>): Promise<Customer> {
  return JSON.parse((await stored).body);
}
