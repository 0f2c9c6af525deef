/** 401 takes precedence over 403, and both over every other error of the request. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { suiteCleanup } from '../support/cleanup.ts';
import { bearer, keyMaker, until } from '../support/credentials.ts';
import { describeEngines } from '../support/engines.ts';
import { startTestService, type TestService } from '../support/service.ts';

/** Faults of a request, in order of precedence. */
const faults: readonly (readonly [
  status: number,
  headers: Record<string, string>,
  body: string,
  query: string,
])[] = [
  [415, { 'Content-Type': 'text/plain' }, '{', '?x=1'],
  [413, {}, `{${' '.repeat(70_000)}`, '?x=1'],
  [400, {}, '{', '?x=1'],
  [422, {}, '{}', ''],
];

describeEngines('precedence of 401 and 403', (engine) => {
  const cleanup = suiteCleanup();
  let service: TestService;
  let reader: string;
  let writer: string;
  before(async () => {
    service = await startTestService(cleanup, { engine, environment: { AUTH: 'keys' } });
    const maker = keyMaker(cleanup, service.databaseUrl);
    reader = (await maker.create(['customers:read'])).text;
    writer = (await maker.create(['customers:write'])).text;
    await until(
      async () => (await service.call('GET', '/nowhere', { headers: bearer(writer) })).status === 404,
      5000,
    );
  });
  const post = async (
    credential: Record<string, string>,
    [, headers, body, query]: (typeof faults)[number],
  ) =>
    (await service.call('POST', `/customers${query}`, { body, headers: { ...headers, ...credential } }))
      .status;

  test('of several faults the first is reported', async () => {
    for (const fault of faults) {
      assert.equal(await post({}, fault), 401, `no credential, ${fault[0]}`);
      assert.equal(await post(bearer('x'), fault), 401, `wrong credential, ${fault[0]}`);
      assert.equal(await post(bearer(reader), fault), 403, `no scope, ${fault[0]}`);
      assert.equal(await post(bearer(writer), fault), fault[0], 'only this fault');
    }
  });

  test('without credentials, unknown paths and methods look the same as existing ones', async () => {
    const bodies = new Set<string>();
    for (const method of ['GET', 'PUT', 'DELETE', 'OPTIONS']) {
      for (const path of ['/customers', '/nowhere', '/customers/x', '/customers/', '/metrics/']) {
        const reply = await service.call(method, path);
        assert.equal(reply.status, 401, `${method} ${path}`);
        bodies.add(reply.text.replaceAll(reply.problem.requestId, ''));
      }
    }
    assert.equal(bodies.size, 1, 'the responses differ');
    assert.equal((await service.call('GET', '/nowhere', { headers: bearer(reader) })).status, 404);
    assert.equal((await service.call('PUT', '/customers', { headers: bearer(reader) })).status, 405);
  });

  test('401 is sent without waiting for the body', async () => {
    const head = 'POST /customers HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n';
    const { text } = await service.raw(`${head}Expect: 100-continue\r\nContent-Length: 60000\r\n\r\n`, 1000);
    assert.match(text, /^HTTP\/1\.1 401 /, 'a 100 Continue was sent');
    const held = `${head}Authorization: Bearer ${writer}\r\nExpect: 100-continue\r\nContent-Length: 12\r\n\r\n`;
    assert.match((await service.raw(held, 1000)).text, /^HTTP\/1\.1 100 Continue\r\n\r\n$/);
    assert.match(
      (await service.raw(`${held}{"name":"x"}`, 1000)).text,
      /100 Continue\r\n\r\nHTTP\/1\.1 201 /,
    );
  });
});
