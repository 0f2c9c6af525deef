/** When several errors apply, the first of these wins: 415, 413, 400 or 422, 404 or 410, 428, 412, 409. */
import assert from 'node:assert/strict';
import { before, suite, test } from 'node:test';
import type { Customer } from '../../src/contract/types.ts';
import { suiteCleanup } from '../support/cleanup.ts';
import { describeEngines, type EngineName } from '../support/engines.ts';
import { startTestService, type TestService } from '../support/service.ts';

const unusedId = '0198c5a2-7c1e-7b3a-9d42-5e1f0a6b8c37';

/** A request into which faults are put. */
interface Draft {
  id: string;
  query: string;
  body: Record<string, unknown> | undefined;
  /** Serializes the body. */
  render: (json: string) => string;
  headers: Record<string, string>;
}

/** A fault of a request, with its status; listed in order of precedence. */
interface Fault {
  readonly name: string;
  readonly status: number;
  readonly inject: (draft: Draft, deletedId: string) => void;
  /** Faults that cannot be combined with this one, because both change the same part of the request. */
  readonly excludes?: readonly string[];
}

const header = (name: string, value: string) => (draft: Draft) => {
  draft.headers[name] = value;
};
const member = (name: string, value: unknown) => (draft: Draft) => {
  if (draft.body) draft.body[name] = value;
};
const text = (change: (json: string) => string) => (draft: Draft) => {
  const { render } = draft;
  draft.render = (json) => change(render(json));
};
const target = (choose: (deletedId: string) => string) => (draft: Draft, deletedId: string) => {
  draft.id = choose(deletedId);
};

const faults: readonly Fault[] = [
  { name: 'media type', status: 415, inject: header('Content-Type', 'text/plain') },
  { name: 'encoding', status: 415, inject: header('Content-Encoding', 'gzip') },
  { name: 'size', status: 413, inject: text((json) => json + ' '.repeat(70_000)) },
  { name: 'JSON', status: 400, inject: text((json) => json.replace(/\}( *)$/, ',}$1')) },
  { name: 'member', status: 422, inject: member('unknown', true) },
  { name: 'time zone', status: 422, inject: member('timeZone', 'Mars/Base') },
  {
    name: 'parameter',
    status: 422,
    inject: (draft) => {
      draft.query = '?unknown=1';
    },
  },
  {
    name: 'If-Match',
    status: 400,
    inject: header('If-Match', 'malformed'),
    excludes: ['no If-Match', 'stale'],
  },
  { name: 'unused id', status: 404, inject: target(() => unusedId), excludes: ['deleted'] },
  { name: 'deleted', status: 410, inject: target((deletedId) => deletedId) },
  {
    name: 'no If-Match',
    status: 428,
    inject: ({ headers }) => {
      delete headers['If-Match'];
    },
    excludes: ['stale'],
  },
  { name: 'stale', status: 412, inject: header('If-Match', '"99"') },
  { name: 'email', status: 409, inject: member('email', 'held@example.com') },
];
const bodyFaults = ['media type', 'encoding', 'size', 'JSON', 'member', 'time zone', 'email'];

interface OperationCase {
  readonly name: string;
  readonly method: string;
  readonly hasBody: boolean;
  /** Faults that requests of this operation cannot have. */
  readonly without: readonly string[];
  /** The status of a wrong parameter, if it is not 422. */
  readonly parameterStatus?: number;
}

const operations: readonly OperationCase[] = [
  { name: 'replaceCustomer', method: 'PUT', hasBody: true, without: [] },
  { name: 'updateCustomer', method: 'PATCH', hasBody: true, without: [] },
  { name: 'deleteCustomer', method: 'DELETE', hasBody: false, without: bodyFaults, parameterStatus: 400 },
];

describeEngines('precedence', (engine) => {
  const { call, ids } = startStrict(engine);

  for (const { name, method, hasBody, without, parameterStatus } of operations) {
    const possible = faults
      .filter((fault) => !without.includes(fault.name))
      .map((fault) =>
        fault.name === 'parameter' && parameterStatus ? { ...fault, status: parameterStatus } : fault,
      );

    async function statusWith(chosen: readonly Fault[]): Promise<number> {
      const draft: Draft = {
        id: ids.live,
        query: '',
        body: hasBody ? { name: 'Faultless' } : undefined,
        render: (json) => json,
        headers: { 'If-Match': '"1"' },
      };
      for (const { inject } of chosen) inject(draft, ids.deleted);
      const body = draft.body && draft.render(JSON.stringify(draft.body));
      const path = `/customers/${draft.id}${draft.query}`;
      return (await call(method, path, { body, headers: draft.headers })).status;
    }

    suite(name, () => {
      test('each fault alone has its status', async () => {
        for (const fault of possible) assert.equal(await statusWith([fault]), fault.status, fault.name);
      });

      test('of two faults the first is reported', async (t) => {
        let count = 0;
        for (const [index, first] of possible.entries()) {
          for (const second of possible.slice(index + 1)) {
            if (first.excludes?.includes(second.name)) continue;
            const title = `${first.name} and ${second.name}`;
            // Both have the same rank, so either may be reported.
            const sameClass = /^4(00|22)$/.test(`${first.status}`) && /^4(00|22)$/.test(`${second.status}`);
            const expected =
              sameClass && first.name !== 'JSON' ? [first.status, second.status] : [first.status];
            const status = await statusWith([first, second]);
            assert.ok(expected.includes(status), `${title}: ${status} instead of ${expected}`);
            count++;
          }
        }
        t.diagnostic(`${count} pairs, 0 wrong`);
      });

      test('of all faults the first is reported, and once it is corrected, the next', async () => {
        const chain = possible.filter(({ name }) => !['If-Match', 'unused id', 'no If-Match'].includes(name));
        for (let first = 0; first < chain.length; first++) {
          assert.equal(await statusWith(chain.slice(first)), chain[first]?.status, chain[first]?.name);
        }
      });
    });
  }

  test('createCustomer: 415, 413, 400, 422, 409', async () => {
    const post = (text: string, headers: Record<string, string> = {}, query = '') =>
      call('POST', `/customers${query}`, { body: text, headers });
    const taken = { name: 'x', email: 'held@example.com' };
    const large = ' '.repeat(70_000);
    assert.equal((await post(`{,${large}`, { 'Content-Type': 'text/plain' }, '?x=1')).status, 415);
    assert.equal((await post(`{,${large}`, {}, '?x=1')).status, 413);
    assert.equal((await post('{,', {}, '?x=1')).status, 400);
    assert.equal((await post(JSON.stringify(taken), {}, '?x=1')).status, 422);
    assert.equal((await post(JSON.stringify({ ...taken, x: 1 }))).status, 422);
    assert.equal((await post(JSON.stringify(taken))).status, 409);
  });

  test('getCustomer and listCustomers: 400 before 404 and 410', async () => {
    const malformed = { headers: { 'If-None-Match': 'malformed' } };
    assert.equal((await call('GET', '/customers?cursor=x', malformed)).status, 400);
    for (const id of [ids.live, ids.deleted, unusedId]) {
      assert.equal((await call('GET', `/customers/${id}?x=1`)).status, 400, id);
      assert.equal((await call('GET', `/customers/${id}`, malformed)).status, 400, `${id} If-None-Match`);
    }
  });

  test('replaceCustomer: 400 for a malformed If-None-Match before 404, 410 and 412', async () => {
    const body = { name: 'x' };
    for (const id of [ids.live, ids.deleted, unusedId]) {
      const headers = { 'If-None-Match': 'malformed', 'If-Match': '"99"' };
      assert.equal((await call('PUT', `/customers/${id}`, { body, headers })).status, 400, id);
    }
    const both = { 'If-None-Match': '*' };
    assert.equal((await call('PUT', `/customers/${ids.deleted}`, { body, headers: both })).status, 410);
    const taken = { name: 'x', email: 'held@example.com' };
    assert.equal((await call('PUT', `/customers/${ids.live}`, { body: taken, headers: both })).status, 412);
    assert.equal((await call('PUT', `/customers/${unusedId}`, { body: taken, headers: both })).status, 409);
  });

  test('restoreCustomer: 422 or 400 before 404, 412 before 409', async () => {
    const post = (id: string, ifMatch: string, query = '') =>
      call('POST', `/customers/${id}/restore${query}`, { headers: { 'If-Match': ifMatch } });
    assert.equal((await post(unusedId, 'malformed')).status, 400);
    assert.equal((await post(unusedId, '"99"', '?x=1')).status, 422);
    assert.equal((await post(unusedId, '"99"')).status, 404);
    assert.equal((await post(ids.deleted, '"99"')).status, 412);
    assert.equal((await post(ids.deleted, '"2"')).status, 409);
  });
});

/** A service with REQUIRE_IF_MATCH, a live customer at version 1 and a deleted one whose email is in use. */
function startStrict(engine: EngineName) {
  const cleanup = suiteCleanup();
  const ids = { live: '', deleted: '' };
  let service: TestService;
  const call: TestService['call'] = (...request) => service.call(...request);
  before(async () => {
    service = await startTestService(cleanup, { engine, environment: { REQUIRE_IF_MATCH: 'true' } });
    const create = async (body: object) => (await call<Customer>('POST', '/customers', { body })).json.id;
    ids.live = await create({ name: 'Live' });
    ids.deleted = await create({ name: 'Deleted', email: 'held@example.com' });
    await call('DELETE', `/customers/${ids.deleted}`, { headers: { 'If-Match': '"1"' } });
    await create({ name: 'Holder', email: 'held@example.com' });
  });
  return { call, ids };
}
