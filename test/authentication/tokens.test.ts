/**
 * Valid JWTs are accepted, all others are 401, and no URL from a token is ever fetched.
 *
 * Planted, and each failed: `typ`, `crit` and `aud` not checked, HS256 allowed, the key set fetched from
 * `jku`.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, suite, test } from 'node:test';
import type { JWTPayload } from 'jose';
import { afterwards, suiteCleanup } from '../support/cleanup.ts';
import { bearer } from '../support/credentials.ts';
import { startTestService, type TestService } from '../support/service.ts';
import {
  audience,
  claims,
  issuer,
  listenForRequests,
  newKey,
  nowSeconds,
  type SigningKey,
  sign,
} from './token-issuer.ts';
import { wrongTokens } from './token-shapes.ts';

const settings = { AUTH: 'jwt', JWT_ISSUER: issuer, JWT_AUDIENCE: audience, FAILED_LOGINS_PER_MINUTE: '0' };

suite('tokens', () => {
  const cleanup = suiteCleanup();
  let keys: { rsa: SigningKey; ec: SigningKey; ed: SigningKey; foreign: SigningKey };
  let attacker: Awaited<ReturnType<typeof listenForRequests>>;
  let keysFile: string;
  let service: TestService;

  before(async () => {
    const [rsa, ec, ed, foreign] = await Promise.all([
      newKey('rsa-1', 'RS256'),
      newKey('ec-1', 'ES256'),
      newKey('ed-1', 'EdDSA'),
      newKey('foreign', 'RS256'),
    ]);
    keys = { rsa, ec, ed, foreign };
    attacker = await listenForRequests(cleanup, () => ({ keys: [foreign.jwk] }));
    const folder = await mkdtemp(join(tmpdir(), 'customers-test-keys-'));
    afterwards(cleanup, () => rm(folder, { recursive: true }));
    keysFile = join(folder, 'keys.json');
    await writeFile(keysFile, JSON.stringify({ keys: [rsa.jwk, ec.jwk, ed.jwk] }));
    service = await startTestService(cleanup, {
      engine: 'sqlite',
      environment: { ...settings, JWT_KEYS: keysFile },
    });
  });
  const get = (token: string, from = service) => from.call('GET', '/customers', { headers: bearer(token) });

  test('200 for valid tokens of each kind', async (context) => {
    const { rsa, ec, ed } = keys;
    const now = nowSeconds();
    const good: [string, string][] = [
      ['RS256', await sign(rsa, claims())],
      ['ES256', await sign(ec, claims())],
      ['EdDSA', await sign(ed, claims())],
      ['typ with application/', await sign(rsa, claims(), { typ: 'application/at+jwt' })],
      ['typ in another case', await sign(rsa, claims(), { typ: 'AT+JWT' })],
      ['aud among others', await sign(rsa, claims({ aud: ['x', audience] }))],
      ['nbf past', await sign(rsa, claims({ nbf: now - 5 }))],
      ['nbf ahead, within the leeway', await sign(rsa, claims({ nbf: now + 5 }))],
      ['expired within the leeway', await sign(rsa, claims({ exp: now - 3 }))],
      ['a claim more', await sign(rsa, claims({ roles: ['x'], nested: { a: 1 } }))],
      ['a name that is not ASCII', await sign(rsa, claims({ sub: 'Zoë Müller, 商店' }))],
    ];
    for (const [name, token] of good) {
      // Twice: first verified, then from the cache.
      for (const time of ['first', 'second'])
        assert.equal((await get(token)).status, 200, `${name}, ${time}`);
    }
    context.diagnostic(`${good.length} valid tokens accepted`);
  });

  test('401 for every other token, and no outside URL is fetched', async (context) => {
    const shapes = await wrongTokens({ ...keys, attackerUrl: attacker.url });
    const seen = new Map<string, number>();
    for (const { name, token } of shapes) {
      const reply = await get(token);
      assert.equal(reply.status, 401, `${name}: ${reply.text}`);
      assert.equal(reply.problem.code, 'unauthenticated', name);
      assert.match(
        reply.headers.get('www-authenticate') ?? '',
        /^Bearer realm="customers", error="invalid_/,
        name,
      );
      seen.set(reply.problem.detail, (seen.get(reply.problem.detail) ?? 0) + 1);
    }
    for (const [detail, count] of seen) context.diagnostic(`${count} x ${detail}`);
    context.diagnostic(
      `${shapes.length} tokens, all 401, ${attacker.paths.length} requests to the attacker's server`,
    );
    assert.ok(shapes.length >= 40);
    assert.equal(new Set(shapes.map(({ name }) => name)).size, shapes.length);
    assert.deepEqual(attacker.paths, []);
  });

  test('scopes come from the scope claim, and the actor from the subject', async () => {
    const post = async (payload: JWTPayload) =>
      service.call('POST', '/customers', {
        body: { name: 'By token' },
        headers: { ...bearer(await sign(keys.rsa, claims(payload))), 'Idempotency-Key': 'one' },
      });
    for (const scope of [
      undefined,
      '',
      'customers:read',
      'customers:writes',
      'CUSTOMERS:WRITE',
      'customers:write,x',
    ]) {
      const reply = await post({ scope });
      assert.equal(reply.status, 403, String(scope));
      assert.match(
        reply.headers.get('www-authenticate') ?? '',
        /error="insufficient_scope".*scope="customers:write"/,
      );
      assert.match(reply.problem.detail, /customers:write/);
    }
    assert.equal((await post({ sub: 'first' })).status, 201);
    assert.equal((await post({ sub: 'first' })).headers.get('idempotency-replayed'), 'true');
    // The same key is separate for each subject.
    assert.equal((await post({ sub: 'second' })).headers.get('idempotency-replayed'), null);
  });

  test('typ JWT is accepted if the settings allow it', async (context) => {
    const environment = { ...settings, JWT_KEYS: keysFile, JWT_TYPES: 'at+jwt,JWT' };
    const lenient = await startTestService(context, { engine: 'sqlite', environment });
    assert.equal((await get(await sign(keys.rsa, claims(), { typ: 'JWT' }), lenient)).status, 200);
    assert.equal(
      (await get(await sign(keys.rsa, claims(), { typ: undefined as never }), lenient)).status,
      401,
    );
  });

  test('a token is refused once it expires, even if it was cached', async (context) => {
    let now = Date.now();
    const environment = { ...settings, JWT_KEYS: keysFile };
    const aged = await startTestService(context, { engine: 'sqlite', environment, clock: () => now });
    // The service's clock counts, not the machine's, which advances while the service starts.
    const issuedAt = Math.floor(now / 1000);
    const token = await sign(keys.rsa, claims({ iat: issuedAt, exp: issuedAt + 300 }));
    assert.equal((await get(token, aged)).status, 200);
    now += 311_000;
    assert.match((await get(token, aged)).problem.detail, /expired/);
  });

  test('a key set from a URL is fetched once, not for each token with an unknown key', async (context) => {
    const set = await listenForRequests(context, () => ({ keys: [keys.rsa.jwk] }));
    const environment = { ...settings, JWT_KEYS: `${set.url}/keys` };
    const remote = await startTestService(context, { engine: 'sqlite', environment });
    assert.equal((await get(await sign(keys.rsa, claims()), remote)).status, 200);
    const foreign = Array.from({ length: 50 }, (_, index) =>
      sign(keys.foreign, claims(), { kid: `made-up-${index}` }),
    );
    for (const token of await Promise.all(foreign)) assert.equal((await get(token, remote)).status, 401);
    context.diagnostic(`${set.paths.length} fetches for 51 tokens`);
    assert.deepEqual(set.paths, ['/keys']);
  });

  test('503, not 401, while the key set is unavailable, with few attempts to fetch it', async (context) => {
    const set = await listenForRequests(context, () => ({ error: 'not now' }));
    const environment = { ...settings, JWT_KEYS: `${set.url}/keys` };
    const waiting = await startTestService(context, { engine: 'sqlite', environment });
    for (let count = 0; count < 20; count++) {
      const { status, headers } = await get(await sign(keys.rsa, claims({ jti: `${count}` })), waiting);
      assert.equal(status, 503);
      assert.ok(Number(headers.get('retry-after')) > 0);
    }
    context.diagnostic(`${set.paths.length} attempts for 20 tokens`);
    assert.ok(set.paths.length <= 2);
  });

  test('an API key is not a token, and the start fails without the key file', async (context) => {
    const { status } = await get(`customers_${'0'.repeat(12)}_${'0'.repeat(72)}`);
    assert.equal(status, 401);
    const environment = { ...settings, JWT_KEYS: `${keysFile}.none` };
    await assert.rejects(
      startTestService(context, { engine: 'sqlite', environment }),
      /key set cannot be had/,
    );
  });
});
