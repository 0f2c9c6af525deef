/** Unique email and externalId under concurrent writes. */

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Customer } from '../../src/contract/types.ts';
import { suiteCleanup } from '../support/cleanup.ts';
import { describeEngines } from '../support/engines.ts';
import { type Reply, startTestService, type TestService } from '../support/service.ts';
import { byTier } from '../support/tier.ts';

const rounds = byTier({ quick: 4, full: 12, soak: 200 });
const atOnce = 50;

describeEngines('unique members', (engine) => {
  const cleanup = suiteCleanup();
  const services: TestService[] = [];
  before(async () => {
    services.push(await startTestService(cleanup, { engine }));
  });
  contend(services);
});

describe('unique members on two instances [postgres]', () => {
  const cleanup = suiteCleanup();
  const services: TestService[] = [];
  before(async () => {
    const first = await startTestService(cleanup, { engine: 'postgres' });
    const { databaseUrl } = first;
    services.push(first, await startTestService(cleanup, { engine: 'postgres', databaseUrl }));
  });
  contend(services);
});

function contend(services: readonly TestService[]): void {
  const instance = (index: number) => services[index % services.length] as TestService;
  const create = (index: number, body: object) =>
    instance(index).call<Customer>('POST', '/customers', { body: { name: `Writer ${index}`, ...body } });
  const update = (index: number, id: string, body: object) =>
    instance(index).call<Customer>('PATCH', `/customers/${id}`, { body });
  const remove = (index: number, id: string) => instance(index).call('DELETE', `/customers/${id}`);
  const restore = (index: number, id: string) =>
    instance(index).call<Customer>('POST', `/customers/${id}/restore`);
  const many = (work: (index: number) => Promise<Reply<Customer>>) =>
    Promise.all(Array.from({ length: atOnce }, (_, index) => work(index)));
  const holders = async (query: Record<string, string>) =>
    (await instance(0).call<{ items: Customer[] }>('GET', '/customers', { query })).json.items;

  test(`${atOnce} concurrent creations with one email: one 201, the others 409 with the pointer`, async (t) => {
    for (let round = 0; round < rounds; round++) {
      const spellings = [`ada-${round}@example.com`, `Ada-${round}@Example.com`, `ADA-${round}@EXAMPLE.COM`];
      const replies = await many((index) => create(index, { email: spellings[index % spellings.length] }));
      const winner = assertOneWon(replies, 'email_taken', ['#/email']);
      const [holder] = await holders({ email: spellings[0] as string });
      assert.deepEqual(holder, winner.json);
    }
    t.diagnostic(
      `${rounds} rounds of ${atOnce}: ${rounds} created, ${rounds * (atOnce - 1)} refused with 409`,
    );
  });

  test(`${atOnce} concurrent creations with one externalId: one 201, the others 409 with the pointer`, async () => {
    for (let round = 0; round < rounds; round++) {
      const externalId = `crm:${round}`;
      const replies = await many((index) => create(index, { externalId }));
      const winner = assertOneWon(replies, 'external_id_taken', ['#/externalId']);
      assert.deepEqual(await holders({ externalId }), [winner.json]);
    }
  });

  test('both used by one customer: 409 with both pointers', async () => {
    const both = { email: 'both@example.com', externalId: 'both' };
    const replies = await many((index) => create(index, both));
    assertOneWon(replies, 'email_taken', ['#/email', '#/externalId']);
  });

  test(`${atOnce} customers that change to one email at once: one 200, the others 409 and unchanged`, async () => {
    const created = await many((index) => create(index, { note: 'untouched' }));
    const ids = created.map(({ json }) => json.id);
    for (let round = 0; round < rounds / 4; round++) {
      const email = `claimed-${round}@example.com`;
      const replies = await many((index) => update(index, ids[index] ?? '', { email }));
      const winner = assertOneWon(replies, 'email_taken', ['#/email']);
      assert.deepEqual(await holders({ email }), [winner.json]);
    }
    const versions = await Promise.all(
      ids.map(async (id) => (await instance(0).call<Customer>('GET', `/customers/${id}`)).json.version),
    );
    const changes = versions.reduce((sum, version) => sum + version - 1, 0);
    assert.equal(changes, rounds / 4);
  });

  test('a restoration against a creation with its email: exactly one succeeds, each time', async (t) => {
    const won: Record<string, number> = {};
    for (let round = 0; round < rounds * 2; round++) {
      const email = `contested-${round}@example.com`;
      const { id } = (await create(round, { email })).json;
      await remove(round, id);
      // A restoration has no body and usually wins, so start it later in half of the rounds.
      const late = () => (round % 2 ? delay(1) : Promise.resolve()).then(() => restore(0, id));
      const both = [late, () => create(1, { email })];
      const replies = await Promise.all((round % 2 ? both : both.toReversed()).map((request) => request()));
      const winner = assertOneWon(replies, 'email_taken', ['#/email']);
      const outcome = winner.status === 201 ? 'created' : 'restored';
      won[outcome] = (won[outcome] ?? 0) + 1;
      assert.deepEqual(await holders({ email }), [winner.json]);
    }
    t.diagnostic(`${rounds * 2} rounds: ${JSON.stringify(won)}`);
  });

  test('a deletion against creations with its email: never two customers with it', async (t) => {
    let taken = 0;
    for (let round = 0; round < rounds; round++) {
      const email = `released-${round}@example.com`;
      const { id } = (await create(round, { email })).json;
      const [deleted, ...created] = await Promise.all([
        remove(1, id),
        ...Array.from({ length: 10 }, (_, index) => create(index, { email })),
      ]);
      assert.equal(deleted?.status, 204);
      const successes = created.filter(({ status }) => status === 201);
      assert.ok(successes.length <= 1, `${successes.length} customers have one email`);
      taken += successes.length;
      assert.equal((await holders({ email })).length, successes.length);
    }
    t.diagnostic(`${rounds} rounds of 10: ${taken} took the released email`);
  });
}

function assertOneWon(
  replies: readonly Reply<Customer>[],
  code: string,
  pointers: readonly string[],
): Reply<Customer> {
  const [winner, ...more] = replies.filter(({ status }) => status < 300);
  assert.ok(winner, 'nobody won');
  assert.deepEqual(more, []);
  for (const { status, problem } of replies.filter((reply) => reply !== winner)) {
    assert.deepEqual([status, problem.code], [409, code]);
    assert.deepEqual(
      problem.errors?.map(({ pointer }) => pointer),
      pointers,
    );
  }
  return winner;
}
