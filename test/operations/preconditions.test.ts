/** If-Match and If-None-Match on every write to one customer (RFC 9110 section 13). */
import assert from 'node:assert/strict';
import { before, suite, test } from 'node:test';
import type { Customer } from '../../src/contract/types.ts';
import { suiteCleanup } from '../support/cleanup.ts';
import { describeEngines } from '../support/engines.ts';
import { startTestService, type TestService } from '../support/service.ts';

const unusedId = '0198c5a2-7c1e-7b3a-9d42-5e1f0a6b8c37';

/** The four operations that take If-Match, each with a request that changes a customer. */
const writes = [
  { operation: 'replaceCustomer', method: 'PUT', suffix: '', body: { name: 'Replaced' }, success: 200 },
  { operation: 'updateCustomer', method: 'PATCH', suffix: '', body: { name: 'Updated' }, success: 200 },
  { operation: 'deleteCustomer', method: 'DELETE', suffix: '', body: undefined, success: 204 },
  { operation: 'restoreCustomer', method: 'POST', suffix: '/restore', body: undefined, success: 200 },
] as const;
type Write = (typeof writes)[number];

const matching = ['"2"', ' "2" ', '"1", "2"', '"2","3"', ', "2" ,', 'W/"2", "2"', '*', ' * '];
const stale = ['"1"', '"3"', '"22"', '"02"', '""', '"1", "3"', 'W/"2"', 'W/"2", "1"', '"*"', '"\u00e9"'];
const malformed = [
  '2',
  "'2'",
  '"2',
  '2"',
  '',
  ',',
  'w/"2"',
  'W/2',
  'W/ "2"',
  '"2" "2"',
  '"2 "',
  '*, "2"',
  '**',
];

describeEngines('preconditions', (engine) => {
  const cleanup = suiteCleanup();
  let service: TestService;
  /** Started with REQUIRE_IF_MATCH=true. */
  let strict: TestService;
  before(async () => {
    service = await startTestService(cleanup, { engine });
    strict = await startTestService(cleanup, { engine, environment: { REQUIRE_IF_MATCH: 'true' } });
  });

  /** Creates a customer at version 2, in a state that the write changes, and returns its path. */
  async function prepared({ operation, suffix }: Write, { call }: TestService): Promise<string> {
    const { json } = await call<Customer>('POST', '/customers', { body: { name: 'First' } });
    const path = `/customers/${json.id}`;
    const headers = { 'If-Match': '"1"' };
    if (operation === 'restoreCustomer') await call('DELETE', path, { headers });
    else await call('PATCH', path, { headers, body: { note: 'Second version' } });
    return path + suffix;
  }

  const send = ({ method, body }: Write, path: string, headers: Record<string, string>, on = service) =>
    on.call<Customer>(method, path, { body, headers });

  for (const write of writes) {
    suite(write.operation, () => {
      test(`${write.success} when If-Match names the current version, or is *`, async () => {
        for (const value of matching) {
          const { status } = await send(write, await prepared(write, service), { 'If-Match': value });
          assert.equal(status, write.success, value);
        }
      });

      test('412 when If-Match names another version, and nothing changes; a weak tag never matches', async () => {
        const path = await prepared(write, service);
        for (const value of stale) {
          const { status, problem } = await send(write, path, { 'If-Match': value });
          assert.deepEqual([status, problem.code], [412, 'precondition_failed'], value);
        }
        assert.equal((await send(write, path, { 'If-Match': '"2"' })).status, write.success);
      });

      test('412 when If-None-Match names the current version, weak or strong, or is *', async () => {
        for (const tag of ['"2"', 'W/"2"', '"1", "2"', '*']) {
          const path = await prepared(write, service);
          const { status } = await send(write, path, { 'If-None-Match': tag });
          assert.equal(status, 412, tag);
        }
        const path = await prepared(write, service);
        assert.equal((await send(write, path, { 'If-None-Match': '"1"' })).status, write.success);
      });

      test('400 when If-Match is malformed', async () => {
        const path = await prepared(write, service);
        for (const value of malformed) {
          const { status, problem } = await send(write, path, { 'If-Match': value });
          assert.deepEqual([status, problem.code], [400, 'malformed_request'], value);
          assert.deepEqual(
            problem.errors?.map(({ parameter }) => parameter),
            ['If-Match'],
          );
        }
        assert.equal((await send(write, path, { 'If-Match': '"2"' })).status, write.success);
      });

      test('404 when the customer never existed, with any If-Match', async () => {
        for (const value of ['*', '"1"', 'W/"1"']) {
          const path = `/customers/${unusedId}${write.suffix}`;
          const { status, problem } = await send(write, path, { 'If-Match': value });
          assert.deepEqual([status, problem.code], [404, 'customer_not_found'], value);
        }
      });

      test(`of many requests with the same tag exactly one returns ${write.success}`, async () => {
        const path = await prepared(write, service);
        const attempts = Array.from({ length: 10 }, (_, index) => ({
          ...write,
          // Different bodies: a second write that changes nothing would not fail.
          body: write.body && { name: `Writer ${index}` },
        }));
        const answers = await Promise.all(
          attempts.map((attempt) => send(attempt as Write, path, { 'If-Match': '"2"' })),
        );
        const refused = write.operation === 'deleteCustomer' ? 410 : 412;
        assert.equal(answers.filter(({ status }) => status === write.success).length, 1);
        assert.equal(answers.filter(({ status }) => status === refused).length, 9);
      });
    });
  }

  for (const write of writes.filter(({ operation }) => operation !== 'restoreCustomer')) {
    test(`428 for ${write.operation} without If-Match under REQUIRE_IF_MATCH`, async () => {
      const path = await prepared(write, strict);
      const { status, problem } = await send(write, path, {}, strict);
      assert.deepEqual([status, problem.code], [428, 'precondition_required']);
      assert.equal((await send(write, path, { 'If-Match': '"1"' }, strict)).status, 412);
      assert.equal((await send(write, path, { 'If-Match': '"2"' }, strict)).status, write.success);
    });

    test(`404 and 410 for ${write.operation} take precedence over 428`, async () => {
      assert.equal((await send(write, `/customers/${unusedId}`, {}, strict)).status, 404);
      const path = await prepared(write, strict);
      await strict.call('DELETE', path, { headers: { 'If-Match': '*' } });
      assert.equal((await send(write, path, {}, strict)).status, 410);
    });
  }

  test('428 under REQUIRE_IF_MATCH even with validateOnly or when nothing would change', async () => {
    const [put, patch] = writes;
    const path = await prepared(put, strict);
    assert.equal((await strict.call('PATCH', path, { body: {} })).status, 428);
    for (const write of [put, patch]) {
      const tried = await send(write, `${path}?validateOnly=true`, {}, strict);
      assert.equal(tried.status, 428);
    }
  });

  test('428 also with If-None-Match naming a tag, and with any If-None-Match on PATCH and DELETE', async () => {
    const [put, patch, remove] = writes;
    const path = await prepared(patch, strict);
    for (const write of [put, patch, remove]) {
      assert.equal((await send(write, path, { 'If-None-Match': '"9"' }, strict)).status, 428);
    }
    for (const write of [patch, remove]) {
      assert.equal((await send(write, path, { 'If-None-Match': '*' }, strict)).status, 428);
    }
  });

  test('200 for restoreCustomer without If-Match under REQUIRE_IF_MATCH', async () => {
    const write = writes[3];
    assert.equal((await send(write, await prepared(write, strict), {}, strict)).status, 200);
  });

  test('201 for a PUT with If-None-Match: * under REQUIRE_IF_MATCH, and 412 when the id is in use', async () => {
    const headers = { 'If-None-Match': '*' };
    assert.equal((await send(writes[0], `/customers/${unusedId}`, headers, strict)).status, 201);
    assert.equal((await send(writes[0], `/customers/${unusedId}`, headers, strict)).status, 412);
  });
});
