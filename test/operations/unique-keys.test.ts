/** email and externalId are unique among live customers, for every operation that can set them. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { Customer } from '../../src/contract/types.ts';
import { suiteCleanup } from '../support/cleanup.ts';
import { describeEngines } from '../support/engines.ts';
import { type Reply, startTestService, type TestService } from '../support/service.ts';

type Keys = Partial<Pick<Customer, 'email' | 'externalId'>>;

/** Keys of an existing customer and of a second one: equal keys, and keys that only look alike. */
const sameKeys: readonly (readonly [held: Keys, wanted: Keys])[] = [
  [{ email: 'plain@example.com' }, { email: 'plain@example.com' }],
  [{ email: 'case@example.com' }, { email: 'CASE@Example.COM' }],
  [{ email: 'nfc-\u00e9@example.com' }, { email: 'nfc-e\u0301@example.com' }],
  [{ email: 'NFC-\u0041\u030a@example.com' }, { email: 'nfc-\u00e5@example.com' }],
  [{ email: 'ohm-\u03c9@example.com' }, { email: 'ohm-\u2126@example.com' }],
  [{ externalId: 'crm:1' }, { externalId: 'crm:1' }],
];
const otherKeys: readonly (readonly [held: Keys, wanted: Keys])[] = [
  [{ email: 'accent-e@example.com' }, { email: 'accent-\u00e9@example.com' }],
  [{ email: 'plus@example.com' }, { email: 'plus+tag@example.com' }],
  [{ email: 'd.o.t@example.com' }, { email: 'dot@example.com' }],
  [{ email: 'wide-a@example.com' }, { email: 'wide-\uff41@example.com' }],
  [{ externalId: 'Crm:2' }, { externalId: 'crm:2' }],
  [{ externalId: 'erp:3' }, { externalId: 'erp:03' }],
];

let serial = 0;
const unusedId = () => `7f3a42e0-1111-4222-8333-${String(++serial).padStart(12, '0')}`;

describeEngines('unique keys', (engine) => {
  const cleanup = suiteCleanup();
  let service: TestService;
  before(async () => {
    service = await startTestService(cleanup, { engine });
  });

  const call = (method: string, path: string, body?: object, headers: Record<string, string> = {}) =>
    service.call<Customer>(method, path, { body, headers });
  const create = (keys: Keys) => call('POST', '/customers', { name: 'Somebody', ...keys });
  async function createPath(keys: Keys) {
    const { status, json } = await create(keys);
    assert.equal(status, 201, JSON.stringify(keys));
    return `/customers/${json.id}`;
  }
  const remove = async (path: string) => assert.equal((await call('DELETE', path)).status, 204);

  /** Each operation that can set a key, tried with and without a customer that already has it. */
  const ways: Readonly<Record<string, (keys: Keys) => Promise<Reply<Customer>>>> = {
    POST: (keys) => create(keys),
    'POST validateOnly': (keys) => call('POST', '/customers?validateOnly=true', { name: 'Tried', ...keys }),
    PUT: async (keys) => call('PUT', await createPath({}), { name: 'Replaced', ...keys }),
    'PUT validateOnly': async (keys) =>
      call('PUT', `${await createPath({})}?validateOnly=true`, { name: 'Tried', ...keys }),
    'PUT If-None-Match: *': (keys) =>
      call('PUT', `/customers/${unusedId()}`, { name: 'Chosen', ...keys }, { 'If-None-Match': '*' }),
    'PUT If-None-Match: * validateOnly': (keys) => {
      const path = `/customers/${unusedId()}?validateOnly=true`;
      return call('PUT', path, { name: 'Tried', ...keys }, { 'If-None-Match': '*' });
    },
    PATCH: async (keys) => call('PATCH', await createPath({}), keys),
    'PATCH validateOnly': async (keys) => call('PATCH', `${await createPath({})}?validateOnly=true`, keys),
  };

  for (const [way, claim] of Object.entries(ways)) {
    test(`409 for a ${way} with a key of another live customer`, async () => {
      for (const [held, wanted] of sameKeys) {
        const holder = await createPath(held);
        const { status, problem } = await claim(wanted);
        const code = 'email' in wanted ? 'email_taken' : 'external_id_taken';
        assert.deepEqual([status, problem.code], [409, code], JSON.stringify(wanted));
        assert.equal(problem.errors?.[0]?.pointer, 'email' in wanted ? '#/email' : '#/externalId');
        await remove(holder);
        const alone = await claim(wanted);
        assert.ok(alone.status < 300, `${JSON.stringify(wanted)} is free but returned ${alone.status}`);
        assert.deepEqual({ ...wanted, ...alone.json }, alone.json, 'stored unchanged');
        if (!way.includes('validateOnly')) await remove(`/customers/${alone.json.id}`);
      }
    });

    test(`a ${way} with a key that only looks like another's succeeds`, async () => {
      for (const [held, wanted] of otherKeys) {
        const holder = await createPath(held);
        const { status, json } = await claim(wanted);
        assert.ok(status < 300, `${JSON.stringify(wanted)} returned ${status}`);
        if (!way.includes('validateOnly')) await remove(`/customers/${json.id}`);
        await remove(holder);
      }
    });
  }

  test('PUT, PATCH and DELETE free a released key at once', async () => {
    const keys = { email: 'given.up@example.com', externalId: 'given-up' };
    const first = await createPath(keys);
    assert.equal((await call('PUT', first, { name: 'Without' })).status, 200);
    const second = await createPath(keys);
    assert.equal((await call('PATCH', second, { email: null, externalId: null })).status, 200);
    const third = await createPath(keys);
    await remove(third);
    await remove(await createPath(keys));
  });

  test('two customers can swap their emails through a third value', async () => {
    const one = await createPath({ email: 'one@example.com' });
    const two = await createPath({ email: 'two@example.com' });
    assert.equal((await call('PATCH', one, { email: 'two@example.com' })).status, 409);
    assert.equal((await call('PATCH', one, { email: 'spare@example.com' })).status, 200);
    assert.equal((await call('PATCH', two, { email: 'one@example.com' })).status, 200);
    assert.equal((await call('PATCH', one, { email: 'two@example.com' })).status, 200);
  });

  test('many customers can have no email and no externalId', async () => {
    for (let count = 0; count < 3; count++) await createPath({ email: null, externalId: null });
  });

  test('of many concurrent claims to one key by different operations, exactly one succeeds', async (t) => {
    const rounds = 5;
    for (let round = 0; round < rounds; round++) {
      const keys = { email: `rush-${round}@example.com` };
      const real = Object.entries(ways).filter(([way]) => !way.includes('validateOnly'));
      const claims = [...real, ...real, ...real].map(([, claim]) => claim(keys));
      const answers = await Promise.all(claims);
      assert.equal(answers.filter(({ status }) => status < 300).length, 1);
      assert.equal(answers.filter(({ status }) => status === 409).length, answers.length - 1);
    }
    t.diagnostic(`${rounds} rounds of 12 claims, 0 wrong`);
  });
});
