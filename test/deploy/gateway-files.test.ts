/**
 * Checks deploy/gateway/nginx.conf and Caddyfile against the contract, the limits and the problems of the
 * service, without running a gateway (gateways.slow.test.ts does that).
 *
 * Planted, and each failed: a path of the contract missing, /metrics among the paths, buffering on for
 * /changes, no retry for a POST with an Idempotency-Key, a body limit above the service's, a keep-alive
 * longer than the service's, a problem with another title.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { suite, test } from 'node:test';
import { settings } from '../../src/config/settings.ts';
import { isStreamed, type Operation, operationsById } from '../../src/contract/operations.ts';
import { bodyBytesMax } from '../../src/http/middleware/body.ts';
import { HttpFailure, type ProblemCode, problemFor } from '../../src/http/problem.ts';
import { systemPaths } from '../../src/http/routes/system.ts';

const read = (name: string) => readFileSync(new URL(`../../deploy/gateway/${name}`, import.meta.url), 'utf8');
const operations = [...operationsById.values()];
const paths = [...new Set(operations.map(({ path }) => path))];
const publicPaths = systemPaths.filter((path) => path !== '/metrics');
const unknownPaths = ['/', '/metrics', '/customers/', '/Customers', '/customers/x/y', '/admin'];
const heartbeatSeconds = 15;

const settingSeconds = (name: string) =>
  Number(settings.find((setting) => setting.name === name)?.fallback) / 1000;
const sampleOf = (path: string) => path.replaceAll(/\{\w+\}/g, 'x-1');
const some = (path: string, holds: (operation: Operation) => boolean) =>
  operations.some((operation) => operation.path === path && holds(operation));
const streamsRequest = (path: string) => some(path, (operation) => operation.streamsRequest);
const streamsReply = (path: string) =>
  some(path, ({ responseMediaTypes }) => responseMediaTypes.some(isStreamed));
const takesKey = (path: string) => some(path, ({ headerNames }) => headerNames.includes('Idempotency-Key'));

interface Location {
  readonly isMatch: (path: string) => boolean;
  readonly body: string;
}

suite('deploy/gateway/nginx.conf', () => {
  const text = read('nginx.conf');
  const locations = locationsOf(text);
  const at = (path: string) => locations.filter(({ isMatch }) => isMatch(path));
  const seconds = (name: string, within = text) =>
    Number(new RegExp(`\\b${name} (\\d+)s;`).exec(within)?.[1]);

  test('forwards every contract and system path, and no other', () => {
    for (const path of [...paths.map(sampleOf), ...publicPaths])
      assert.equal(at(path)[0]?.body.includes('proxy_pass'), true, path);
    for (const path of unknownPaths) assert.deepEqual(at(path), [], path);
    assert.ok(text.includes('location / { return 404; }'));
  });

  test('streams what the contract streams, and retries requests with an Idempotency-Key', () => {
    for (const path of paths) {
      const [location] = at(sampleOf(path));
      assert.ok(location, path);
      const has = (directive: string) => location.body.includes(directive);
      assert.equal(has('proxy_buffering off;'), streamsReply(path), path);
      assert.equal(
        has('proxy_request_buffering off;') && has('client_max_body_size 0;'),
        streamsRequest(path),
        path,
      );
      assert.equal(has('if ($http_idempotency_key) { return 418; }'), takesKey(path), path);
      if (streamsReply(path))
        assert.ok(seconds('proxy_read_timeout', location.body) > heartbeatSeconds, path);
    }
  });

  test('has the limits of the service', () => {
    assert.ok(text.includes(`client_max_body_size ${bodyBytesMax};`));
    assert.ok(seconds('keepalive_timeout') < settingSeconds('KEEP_ALIVE_TIMEOUT_MS'));
    assert.ok(seconds('proxy_read_timeout') > settingSeconds('REQUEST_TIMEOUT_MS'));
  });

  test('returns the problem documents of the service', () => {
    const problems = [...text.matchAll(/return (\d+) '(\{.*\})';/g)];
    assertProblems(
      problems.map(([, status, body = '']) => ({ status: Number(status), body })),
      '$forwarded_request_id',
    );
  });
});

suite('deploy/gateway/Caddyfile', () => {
  const text = read('Caddyfile');
  const matcher = (name: string) =>
    new RegExp(new RegExp(`@${name} path_regexp (\\S+)`).exec(text)?.[1] ?? '$^');
  const [open, streamed, contract] = ['open', 'streamed', 'contract'].map(matcher) as [
    RegExp,
    RegExp,
    RegExp,
  ];

  test('forwards every contract and system path, and no other', () => {
    for (const path of publicPaths) assert.match(path, open);
    for (const path of paths) {
      const isOpenEnded = streamsRequest(path) || streamsReply(path);
      assert.match(sampleOf(path), isOpenEnded ? streamed : contract);
    }
    for (const path of unknownPaths) {
      for (const pattern of [open, streamed, contract]) assert.doesNotMatch(path, pattern);
    }
  });

  test('keeps connections for less time than the service', () => {
    const keepAliveSeconds = Number(/\bkeepalive (\d+)s/.exec(text)?.[1]);
    assert.ok(keepAliveSeconds < settingSeconds('KEEP_ALIVE_TIMEOUT_MS'));
  });

  test('returns the problem documents of the service', () => {
    const problems = [...text.matchAll(/respond `(\{.*\})` (\d+)/g)];
    assertProblems(
      problems.map(([, body = '', status]) => ({ status: Number(status), body })),
      '{http.request.uuid}',
    );
  });
});

/** The locations of nginx that name a path, in order. */
function locationsOf(text: string): Location[] {
  const exact = [...text.matchAll(/location = (\S+) \{((?:[^{}]|\{[^}]*\})*)\}/g)].map(
    ([, path = '', body = '']) => ({ isMatch: (tried: string) => tried === path, body }),
  );
  const patterns = [...text.matchAll(/location ~ (\S+) \{((?:[^{}]|\{[^}]*\})*)\}/g)].map(
    ([, pattern = '', body = '']) => {
      const expression = new RegExp(pattern);
      return { isMatch: (tried: string) => expression.test(tried), body };
    },
  );
  // nginx prefers exact locations.
  return [...exact, ...patterns];
}

function assertProblems(found: readonly { status: number; body: string }[], requestId: string): void {
  const codes = found.map(({ body }) => JSON.parse(body).code as ProblemCode);
  assert.deepEqual(
    [...codes].sort(),
    ['body_too_large', 'not_found', 'rate_limited', 'unavailable'].filter((code) =>
      codes.includes(code as ProblemCode),
    ),
  );
  assert.ok(codes.includes('not_found') && codes.includes('unavailable'));
  for (const { status, body } of found) {
    const { code, detail } = JSON.parse(body) as { code: ProblemCode; detail: string };
    const expected = problemFor(new HttpFailure(code, detail), { requestId, declaresUnprocessable: true });
    assert.deepEqual([status, body], [expected.status, JSON.stringify(expected)], code);
  }
}
