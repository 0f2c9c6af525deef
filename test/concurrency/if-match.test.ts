/** Of many writers with one tag, exactly one succeeds. */

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import type { Customer } from '../../src/contract/types.ts';
import { suiteCleanup } from '../support/cleanup.ts';
import { describeEngines } from '../support/engines.ts';
import { type Reply, startTestService, type TestService } from '../support/service.ts';
import { byTier } from '../support/tier.ts';

const rounds = byTier({ quick: 8, full: 50, soak: 500 });
const atOnce = 50;

describeEngines('If-Match', (engine) => {
  const cleanup = suiteCleanup();
  const services: TestService[] = [];
  before(async () => {
    services.push(await startTestService(cleanup, { engine }));
  });
  contend(services);
});

describe('If-Match on two instances [postgres]', () => {
  const cleanup = suiteCleanup();
  const services: TestService[] = [];
  before(async () => {
    const first = await startTestService(cleanup, { engine: 'postgres' });
    const { databaseUrl } = first;
    services.push(first, await startTestService(cleanup, { engine: 'postgres', databaseUrl }));
  });
  contend(services);
});

/** The same tests on one service or on several. */
function contend(services: readonly TestService[]): void {
  const instance = (index: number) => services[index % services.length] as TestService;
  const create = async () =>
    (await instance(0).call<Customer>('POST', '/customers', { body: { name: 'Ada' } })).json;
  const read = (id: string) => instance(1).call<Customer>('GET', `/customers/${id}`);
  const many = (work: (index: number) => Promise<Reply<Customer>>) =>
    Promise.all(Array.from({ length: atOnce }, (_, index) => work(index)));

  test(`${atOnce} PUTs with one tag: one 200 and ${atOnce - 1} 412, each time`, async (t) => {
    const { id } = await create();
    for (let version = 1; version <= rounds; version++) {
      const replies = await many((index) =>
        instance(index).call<Customer>('PUT', `/customers/${id}`, {
          body: { name: `Writer ${index} of ${version}` },
          headers: { 'If-Match': `"${version}"` },
        }),
      );
      const [winner] = assertOneWon(replies, [412]);
      assert.equal(winner?.json.version, version + 1);
      assert.equal((await read(id)).text, winner?.text);
    }
    t.diagnostic(`${rounds} rounds of ${atOnce}: ${rounds} won, ${rounds * (atOnce - 1)} refused with 412`);
  });

  test('PATCH, PUT and DELETE with one tag: one succeeds', async (t) => {
    const methods = ['PATCH', 'PUT', 'DELETE'] as const;
    const won: Record<string, number> = {};
    for (let round = 0; round < rounds / 5; round++) {
      const { id } = await create();
      const replies = await many((index) => {
        // A DELETE has no body and overtakes the others, so every second round has just one, the last.
        const kinds = round % 2 === 0 && index < atOnce - 1 ? 2 : 3;
        const method = methods[index % kinds] ?? 'PATCH';
        const body = method === 'DELETE' ? {} : { body: { name: `Writer ${index}` } };
        const headers = { 'If-Match': '"1"' };
        return instance(index).call<Customer>(method, `/customers/${id}`, { ...body, headers });
      });
      const [winner] = assertOneWon(replies, [410, 412]);
      const outcome = winner?.status === 204 ? 'deleted' : 'changed';
      won[outcome] = (won[outcome] ?? 0) + 1;
      const now = await read(id);
      if (outcome === 'deleted') assert.equal(now.status, 410);
      else assert.equal(now.text, winner?.text);
    }
    t.diagnostic(`${rounds / 5} rounds of ${atOnce}: ${JSON.stringify(won)}`);
  });

  test(`${atOnce} PUTs with If-None-Match: * on one unused id: one 201 and ${atOnce - 1} 412`, async () => {
    for (let round = 0; round < rounds / 5; round++) {
      const id = crypto.randomUUID();
      const replies = await many((index) =>
        instance(index).call<Customer>('PUT', `/customers/${id}`, {
          // Some share an email, which must not matter.
          body: { name: `Writer ${index}`, email: `${id}-${index % 3}@example.com` },
          headers: { 'If-None-Match': '*' },
        }),
      );
      const [winner] = assertOneWon(replies, [412]);
      assert.equal(winner?.status, 201);
      assert.equal((await read(id)).text, winner?.text);
    }
  });

  test(`${atOnce} restorations with one tag: one 200 and ${atOnce - 1} 412`, async () => {
    for (let round = 0; round < rounds / 5; round++) {
      const { id } = await create();
      await instance(1).call('DELETE', `/customers/${id}`);
      const replies = await many((index) =>
        instance(index).call<Customer>('POST', `/customers/${id}/restore`, {
          headers: { 'If-Match': '"2"' },
        }),
      );
      assertOneWon(replies, [412]);
    }
  });

  test(`${atOnce} PATCHes without a tag: all 200, none lost`, async () => {
    const { id } = await create();
    const replies = await many((index) =>
      instance(index).call<Customer>('PATCH', `/customers/${id}`, {
        body: { metadata: { [`writer-${index}`]: 'was here' } },
      }),
    );
    assert.deepEqual(new Set(replies.map(({ status }) => status)), new Set([200]));
    const versions = replies.map(({ json }) => json.version).sort((one, other) => one - other);
    assert.deepEqual(
      versions,
      Array.from({ length: atOnce }, (_, index) => index + 2),
    );
    assert.equal(Object.keys((await read(id)).json.metadata).length, atOnce);
  });
}

function assertOneWon(replies: readonly Reply<Customer>[], refusals: readonly number[]): Reply<Customer>[] {
  const winners = replies.filter(({ status }) => status < 300);
  const others = replies.filter(({ status }) => status >= 300);
  assert.equal(winners.length, 1);
  for (const { status } of others) assert.ok(refusals.includes(status), `refused with ${status}`);
  return winners;
}
