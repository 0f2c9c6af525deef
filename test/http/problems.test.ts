/**
 * Every error is a problem document (RFC 9457) that explains it to people and programs, without internals.
 */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { Customer, Problem } from '../../src/contract/types.ts';
import { suiteCleanup } from '../support/cleanup.ts';
import { describeEngines } from '../support/engines.ts';
import { startTestService, type TestService } from '../support/service.ts';

const unusedId = '0198c5a2-7c1e-7b3a-9d42-5e1f0a6b8c37';
const maxErrors = 100;

/** Implementation terms that must not reach callers. */
const internalTerms =
  /\b(select|insert|update customers|sqlite|postgres|knex|constraint|column|ajv|undefined|null pointer|stack|at \w+ \(|node_modules|\.ts:|\^\[|\\[sdx]|must match pattern|RegExp)/i;

const placesOf = ({ errors = [] }: Problem) => errors.map(({ pointer, parameter }) => pointer ?? parameter);

describeEngines('problems', (engine) => {
  const cleanup = suiteCleanup();
  let service: TestService;
  let id: string;
  before(async () => {
    service = await startTestService(cleanup, { engine });
    const body = { name: 'Secret Holder', email: 'held@example.com', externalId: 'held' };
    id = (await service.call<Customer>('POST', '/customers', { body })).json.id;
  });
  const call = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
    service.call<Customer>(method, path, { body, headers });

  test('each has a type, title, status, detail, instance, code and requestId that agree', async (t) => {
    const gone = (await call('POST', '/customers', { name: 'Gone' })).json.id;
    await call('DELETE', `/customers/${gone}`);
    const path = `/customers/${id}`;
    const refusals: [code: string, status: number, refusal: ReturnType<typeof call>][] = [
      ['malformed_request', 400, call('PATCH', path, {}, { 'If-Match': 'x' })],
      ['malformed_request', 400, call('GET', path, undefined, { 'If-None-Match': 'x' })],
      ['malformed_json', 400, call('POST', '/customers', '{')],
      ['invalid_cursor', 400, call('GET', '/customers?cursor=x')],
      ['invalid_request', 400, call('GET', '/customers?limit=0')],
      ['invalid_request', 422, call('POST', '/customers', {})],
      ['not_found', 404, call('GET', '/')],
      ['customer_not_found', 404, call('GET', `/customers/${unusedId}`)],
      ['method_not_allowed', 405, call('DELETE', '/customers')],
      ['not_acceptable', 406, call('GET', path, undefined, { Accept: 'text/html' })],
      ['email_taken', 409, call('POST', '/customers', { name: 'x', email: 'held@example.com' })],
      ['external_id_taken', 409, call('POST', '/customers', { name: 'x', externalId: 'held' })],
      ['customer_deleted', 410, call('GET', `/customers/${gone}`)],
      ['precondition_failed', 412, call('PUT', path, { name: 'x' }, { 'If-Match': '"9"' })],
      ['body_too_large', 413, call('POST', '/customers', ' '.repeat(70_000))],
      ['uri_too_long', 414, call('GET', `/customers?x=${'x'.repeat(9000)}`)],
      ['unsupported_media_type', 415, call('POST', '/customers', 'x', { 'Content-Type': 'text/plain' })],
    ];
    const titles = new Map<string, string>();
    for (const [code, status, refusal] of refusals) {
      const { problem, headers, text } = await refusal;
      assert.deepEqual([problem.code, problem.status], [code, status]);
      assert.equal(problem.type, `urn:problem-type:customers:${code}`);
      assert.equal(problem.instance, `urn:request:${problem.requestId}`);
      assert.equal(problem.requestId, headers.get('x-request-id'));
      assert.equal(headers.get('content-type'), 'application/problem+json');
      assert.equal(titles.get(code) ?? problem.title, problem.title, 'two titles for one code');
      titles.set(code, problem.title);
      assert.match(problem.detail, /^[A-Z].*\.$/s, problem.detail);
      assert.doesNotMatch(text, internalTerms);
    }
    t.diagnostic(`${refusals.length} errors with ${titles.size} codes`);
  });

  test('a contract violation is 422 where the operation declares it, otherwise 400', async () => {
    const wrong = `/customers/${id.toUpperCase()}`;
    assert.equal((await call('GET', wrong)).status, 400);
    assert.equal((await call('DELETE', wrong)).status, 400);
    assert.equal((await call('GET', '/customers?x=1')).status, 400);
    assert.equal((await call('PUT', wrong, { name: 'x' })).status, 422);
    assert.equal((await call('PATCH', wrong, {})).status, 422);
    assert.equal((await call('POST', `${wrong}/restore`)).status, 422);
    assert.equal((await call('POST', '/customers?x=1', { name: 'x' })).status, 422);
  });

  test('all validation errors are reported at once, each with its location', async () => {
    const body = {
      type: 'robot',
      email: 'nobody',
      phone: '1',
      address: { country: 'XX', street: 'x' },
      tags: ['fine', ''],
      metadata: { fine: 'x', n: 1 },
      unknown: true,
    };
    const { status, problem } = await call('POST', '/customers', body);
    assert.equal(status, 422);
    const expected = ['address/country', 'address/street', 'email', 'metadata/n', 'name', 'phone', 'tags/1'];
    const pointers = [...expected, 'type', 'unknown'].map((member) => `#/${member}`);
    assert.deepEqual([...new Set(placesOf(problem))].sort(), pointers);
  });

  test('errors that only the service can detect are also reported together', async () => {
    const metadata = { 'a/b': 'x', 'c~d': 'x', fine: 'x' };
    const body = { name: 'x', timeZone: 'Mars/Base', note: '\ud800', metadata };
    const { status, problem } = await call('POST', '/customers', body);
    assert.equal(status, 422);
    const pointers = ['#/metadata/a~1b', '#/metadata/c~0d', '#/note', '#/timeZone'];
    assert.deepEqual([...new Set(placesOf(problem))].sort(), pointers);
  });

  test('a pointer escapes special characters', async () => {
    const names = { 'a/b': '#/a~1b', 'c~d': '#/c~0d', '~1': '#/~01', é: '#/é', '': '#/' };
    for (const [name, pointer] of Object.entries(names)) {
      const { status, problem } = await call('POST', '/customers', { name: 'x', [name]: 1 });
      assert.equal(status, 422);
      assert.deepEqual(
        placesOf(problem).map((place) => decodeURIComponent(place ?? '')),
        [pointer],
      );
    }
  });

  test('a pointer shows a lone surrogate as U+FFFD and shortens a very long name', async () => {
    const bodies = [
      '{"name":"x","\\ud800":1}',
      '{"name":"x","metadata":{"\\ud800":"1"}}',
      '{"name":"x","address":{"\\udc00":"a"}}',
    ];
    for (const body of bodies) {
      const { status, problem } = await call('POST', '/customers', body);
      assert.equal(status, 422);
      assert.match(placesOf(problem).join(), /^#\/(metadata|(address\/)?%EF%BF%BD)$/, body);
    }
    const { status, text } = await call('POST', '/customers', { name: 'x', ['k'.repeat(50_000)]: 1 });
    assert.equal(status, 422);
    assert.ok(text.length < 2000, `${text.length} characters`);
  });

  test('an unknown parameter does not hide other errors', async () => {
    const { status, problem } = await call('GET', '/customers?foo=1&limit=0&status=x&sort=name:desc');
    assert.equal(status, 400);
    const errors = problem.errors?.map(({ parameter, detail }) => `${parameter} ${detail}`).sort();
    assert.deepEqual(errors, [
      'foo is not a parameter of this operation',
      'limit must be at least 1',
      'sort must be equal to one of the allowed values: createdAt, -createdAt, updatedAt, -updatedAt, name, -name',
      'status must be equal to one of the allowed values: active, inactive',
    ]);
  });

  test('at most 100 validation errors are reported', async () => {
    const many = (count: number, value: unknown) =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`k ${index}`, value]));
    const bodies = [
      { name: 'x', ...many(500, 1) },
      { name: 'x', tags: Array(500).fill('') },
      { timeZone: 'Mars/Base', metadata: many(100, 'x') },
      { timeZone: 'Mars/Base', metadata: many(100, null) },
      { timeZone: 'Mars/Base', note: 'a\ud800', metadata: many(100, 'a\ud800') },
    ];
    for (const [index, body] of bodies.entries()) {
      const { status, problem } = await call('PATCH', `/customers/${id}`, body);
      assert.equal(status, 422);
      const { length } = problem.errors ?? [];
      assert.ok(length > 0 && length <= maxErrors, `${length} errors for body ${index}`);
    }
    const query = Array.from({ length: 200 }, (_, index) => `x${index}=1`).join('&');
    assert.equal((await call('GET', `/customers?${query}`)).status, 400);
  });

  test('validation errors are in words, without a pattern or schema', async () => {
    const bodies = [
      ...[{ name: '' }, { name: 'x', email: 'x' }, { name: 'x', phone: 'x' }, { name: 'x', externalId: ' ' }],
      ...[
        { name: 'x', locale: '!' },
        { name: 'x', timeZone: '+1' },
        { name: 'x', tags: ['a', 'a'] },
      ],
      ...[
        { name: 'x', address: { country: 'x' } },
        { name: 'x', metadata: { '': 'x' } },
        { name: 'x', y: 1 },
      ],
      ...[{}, [], { name: 'x', note: '\u0000' }, { name: 'x', type: 'x' }, { name: 'x'.repeat(301) }],
    ];
    for (const body of bodies) {
      const { problem, text } = await call('POST', '/customers', body);
      assert.doesNotMatch(text, internalTerms);
      for (const { detail } of problem.errors ?? [])
        assert.match(detail, /^(must|is) /, JSON.stringify(body));
    }
  });
});
