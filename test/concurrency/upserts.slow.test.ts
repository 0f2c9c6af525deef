/** Concurrent upserts of one externalId, among themselves and against other writes that claim it. */

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import type { Customer } from '../../src/contract/types.ts';
import { suiteCleanup } from '../support/cleanup.ts';
import { describeEngines } from '../support/engines.ts';
import { randomFrom } from '../support/random.ts';
import { type Reply, startTestService, type TestService } from '../support/service.ts';
import { byTier } from '../support/tier.ts';

const rounds = byTier({ full: 4, soak: 100 });
const atOnce = 100;

describeEngines('upserts', (engine) => {
  const cleanup = suiteCleanup();
  const services: TestService[] = [];
  before(async () => {
    services.push(await startTestService(cleanup, { engine }));
  });
  contend(services, engine);
});

describe('upserts on two instances [postgres]', () => {
  const cleanup = suiteCleanup();
  const services: TestService[] = [];
  before(async () => {
    const first = await startTestService(cleanup, { engine: 'postgres' });
    const { databaseUrl } = first;
    services.push(first, await startTestService(cleanup, { engine: 'postgres', databaseUrl }));
  });
  contend(services, 'two instances');
});

function contend(services: readonly TestService[], label: string): void {
  const random = randomFrom(`upserts ${label}`);
  const instance = (index: number) => services[index % services.length] as TestService;
  const call = (index: number, method: string, path: string, body?: object) =>
    instance(index).call<Customer>(method, path, { body });
  const upsert = (index: number, externalId: string, body: object = {}) =>
    call(index, 'PUT', `/external-ids/${externalId}/customer`, { name: `Writer ${index}`, ...body });
  const many = (count: number, work: (index: number) => Promise<Reply<Customer>>) =>
    Promise.all(Array.from({ length: count }, (_, index) => work(index)));
  const holders = async (externalId: string) =>
    (await instance(0).call<{ items: Customer[] }>('GET', '/customers', { query: { externalId } })).json
      .items;

  test(`${atOnce} at once with one externalId: one 201, the others 200, one customer`, async (t) => {
    for (let round = 0; round < rounds; round++) {
      const externalId = `one:${round}`;
      const replies = await many(atOnce, (index) => upsert(index, externalId));
      assert.deepEqual(countsOf(replies), { 200: atOnce - 1, 201: 1 });
      assert.equal(new Set(replies.map(({ json }) => json.id)).size, 1);
      const versions = replies.map(({ json }) => json.version).sort((one, other) => one - other);
      assert.deepEqual(
        versions,
        Array.from({ length: atOnce }, (_, index) => index + 1),
      );
      const [holder, ...more] = await holders(externalId);
      assert.deepEqual([holder?.version, more.length], [atOnce, 0]);
    }
    t.diagnostic(`${rounds} rounds of ${atOnce}: ${rounds} customers, each of ${atOnce} versions`);
  });

  test('many externalIds at once, each several times: one customer each', async () => {
    const replies = await many(150, (index) => upsert(index, `each:${index % 30}`, { note: `${index}` }));
    assert.deepEqual(countsOf(replies), { 200: 120, 201: 30 });
    assert.equal(new Set(replies.map(({ json }) => `${json.id} ${json.version}`)).size, 150);
  });

  // Planted: upserts in the same group as writes by id. Nothing was lost, because the index over customer and
  // version fails the batch and each write is repeated alone, but it took 8 times as long.
  test('against updates of the same customer by its id: no version is lost', async (t) => {
    let changes = 0;
    for (let round = 0; round < rounds; round++) {
      const externalId = `holder:${round}`;
      const { id } = (await upsert(0, externalId)).json;
      const replies = await many(40, (index) =>
        index % 2 === 0
          ? upsert(index / 2, externalId, { note: `upsert ${index}` })
          : call((index - 1) / 2, 'PATCH', `/customers/${id}`, { phone: `+49${1000 + index}` }),
      );
      assert.deepEqual(countsOf(replies), { 200: 40 });
      assert.equal(
        new Set(replies.map(({ json }) => json.version)).size,
        40,
        'two writes produced one version',
      );
      assert.equal((await holders(externalId))[0]?.version, 41);
      changes += 40;
    }
    t.diagnostic(`${changes} changes, ${changes} versions`);
  });

  test('against creations, replacements and deletions that claim or release the externalId', async (t) => {
    const seen: Record<string, number> = {};
    for (let round = 0; round < rounds * 2; round++) {
      const externalId = `claimed:${round}`;
      const others = await many(4, (index) => call(index, 'POST', '/customers', { name: 'Claims' }));
      assert.deepEqual(countsOf(others), { 201: 4 });
      const ids = others.map(({ json }) => json.id);
      const replies = await many(60, (index) => {
        const id = random.pick(ids);
        const kind = random.integer(0, 5);
        if (kind <= 2) return upsert(index, externalId, { note: String(random.next()) });
        if (kind === 3) return call(index, 'POST', '/customers', { name: 'Created', externalId });
        if (kind === 4) return call(index, 'PATCH', `/customers/${id}`, { externalId });
        return call(index, 'PATCH', `/customers/${id}`, { externalId: null });
      });
      for (const { status } of replies) seen[status] = (seen[status] ?? 0) + 1;
      assert.ok((await holders(externalId)).length <= 1, 'two customers have one externalId');
      for (const { status, problem } of replies.filter((reply) => reply.status >= 400)) {
        assert.deepEqual([status, problem.code], [409, 'external_id_taken']);
      }
      const last = await upsert(0, externalId, { note: 'last' });
      assert.deepEqual(await holders(externalId), [last.json]);
    }
    t.diagnostic(`${rounds * 2} rounds of 60: ${JSON.stringify(seen)}`);
  });

  test("in different orders with each other's emails: 200, 201 or 409, and one customer each", async (t) => {
    const seen: Record<string, number> = {};
    for (let round = 0; round < rounds; round++) {
      const replies = await many(80, (index) => {
        const email = `crossing-${round}-${random.integer(0, 9)}@example.com`;
        return upsert(index, `crossing:${round}:${random.integer(0, 9)}`, { email });
      });
      for (const { status } of replies) seen[status] = (seen[status] ?? 0) + 1;
    }
    t.diagnostic(`${rounds} rounds of 80: ${JSON.stringify(seen)}`);
    assert.deepEqual(
      Object.keys(seen).filter((status) => !['200', '201', '409'].includes(status)),
      [],
    );
  });
}

function countsOf(replies: readonly { readonly status: number }[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { status } of replies) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}
