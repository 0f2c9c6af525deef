/**
 * Every operation of the contract with every kind of invalid credential, on every spelling of its path: all
 * are refused and change nothing. Both lists of operations come from the contract.
 *
 * Planted, and each failed: `identify` left out of the application, a scope check that always passes, the
 * first of two headers used, `?access_token` accepted.
 */
import assert from 'node:assert/strict';
import type { OutgoingHttpHeaders } from 'node:http';
import { before, test } from 'node:test';
import { crc32 } from 'node:zlib';
import { mintKey } from '../../src/authentication/api-key.ts';
import type { Customer } from '../../src/contract/types.ts';
import { openDirectly, select } from '../storage/direct-engine.ts';
import { afterwards, suiteCleanup } from '../support/cleanup.ts';
import { checkReply } from '../support/contract-check.ts';
import { findOperation } from '../support/contract-operations.ts';
import { allScopes, bearer, keyMaker, until } from '../support/credentials.ts';
import { describeEngines } from '../support/engines.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { type Draft, draftsOf, plainSender } from './requests.ts';

/** The fault of a credential, what replaces it in the request, and the only status allowed. */
interface Attempt {
  readonly name: string;
  readonly status: 401 | 403;
  readonly headers?: OutgoingHttpHeaders;
  readonly query?: string;
  /** A body sent instead of the operation's own. */
  readonly body?: string;
}

interface Keys {
  readonly good: string;
  readonly revoked: string;
  readonly expired: string;
  /** A key with all scopes except one, by that scope. */
  readonly without: Readonly<Record<string, string>>;
  /** A key with a single scope, by that scope. */
  readonly only: Readonly<Record<string, string>>;
}

function attemptsFor({ operation }: Draft, keys: Keys): Attempt[] {
  const { good } = keys;
  // Anyone who has seen an id in a log can build the rest of a well-formed key.
  const forgery = good.slice(0, 23) + mintKey().text.slice(23, -8);
  const forged = forgery + crc32(forgery).toString(16).padStart(8, '0');
  const flipped = good.replace(/.$/, (last) => (last === '0' ? '1' : '0'));
  const header = (name: string, value: string | string[], status: 401 | 403 = 401): Attempt => ({
    name,
    status,
    headers: { Authorization: value },
  });
  return [
    { name: 'none', status: 401 },
    header('empty', ''),
    header('scheme alone', 'Bearer'),
    header('no scheme', good),
    header('Basic', `Basic ${Buffer.from(`key:${good}`).toString('base64')}`),
    header('another scheme', `Token ${good}`),
    header('two spaces', `Bearer  ${good}`),
    header('two tokens', `Bearer ${good},${good}`),
    header('quoted', `Bearer "${good}"`),
    header('cut short', `Bearer ${good.slice(0, -1)}`),
    header('mistyped', `Bearer ${flipped}`),
    header('upper case', `Bearer ${good.toUpperCase()}`),
    header('id alone', `Bearer ${good.slice(0, 22)}`),
    header('unknown', `Bearer ${mintKey().text}`),
    header('secret of another', `Bearer ${good.slice(0, 23)}${mintKey().text.slice(23)}`),
    header('another secret with the same id', `Bearer ${forged}`),
    header('revoked', `Bearer ${keys.revoked}`),
    header('expired', `Bearer ${keys.expired}`),
    header('a JWT where only keys are accepted', 'Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.'),
    header('wrong scope', `Bearer ${keys.without[operation.requiredScope]}`, 403),
    header('twice the same', [`Bearer ${good}`, `Bearer ${good}`]),
    header('good and bad', [`Bearer ${good}`, 'Bearer x']),
    header('bad and good', ['Bearer x', `Bearer ${good}`]),
    ...['access_token', 'api_key', 'token', 'authorization', 'Authorization'].map(
      (name): Attempt => ({
        name: `?${name}`,
        status: 401,
        query: `?${name}=${name.startsWith('A') ? 'Bearer%20' : ''}${good}`,
      }),
    ),
    ...['X-Api-Key', 'Proxy-Authorization', 'X-Authorization', 'X-Forwarded-User', 'X-Original-URL'].map(
      (name): Attempt => ({ name, status: 401, headers: { [name]: `Bearer ${good}` } }),
    ),
    {
      name: 'cookie',
      status: 401,
      headers: { Cookie: `access_token=${good}; Authorization=Bearer ${good}` },
    },
    {
      name: 'in the body',
      status: 401,
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      body: `access_token=${good}`,
    },
  ];
}

/** Other spellings of a request that a proxy or framework may treat as equal. */
const spellings: readonly (readonly [string, (draft: Draft) => Partial<Draft>])[] = [
  ['as it is', () => ({})],
  ['upper case', ({ path }) => ({ path: path.toUpperCase() })],
  ['slash before', ({ path }) => ({ path: `/${path}` })],
  ['slash after', ({ path }) => ({ path: `${path}/` })],
  ['slashes inside', ({ path }) => ({ path: path.replace(/(?<=.)\//g, '//') })],
  ['encoded slash', ({ path }) => ({ path: `/${path.slice(1).replaceAll('/', '%2F')}` })],
  ['encoded letter', ({ path }) => ({ path: path.replace('c', '%63') })],
  ['dot segment', ({ path }) => ({ path: `/.${path}` })],
  ['through an open path', ({ path }) => ({ path: `/livez/..${path}` })],
  ['encoded dots', ({ path }) => ({ path: `/livez/%2e%2e${path}` })],
  ['parameter of a segment', ({ path }) => ({ path: `${path};x=1` })],
  ['suffix', ({ path }) => ({ path: `${path}.json` })],
  ['NUL', ({ path }) => ({ path: `${path}%00` })],
  ['method overridden', ({ method, headers }) => overridden('POST', method, headers)],
  ['method overridden from GET', ({ method, headers }) => overridden('GET', method, headers)],
  ['HEAD', () => ({ method: 'HEAD' })],
  ['OPTIONS', () => ({ method: 'OPTIONS' })],
  ['TRACE', () => ({ method: 'TRACE' })],
];

function overridden(sent: string, meant: string, headers: OutgoingHttpHeaders): Partial<Draft> {
  const names = ['X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override'];
  return { method: sent, headers: { ...headers, ...Object.fromEntries(names.map((name) => [name, meant])) } };
}

describeEngines('authentication matrix', (engine) => {
  const cleanup = suiteCleanup();
  let service: TestService;
  let keys: Keys;
  let customerId: string;
  before(async () => {
    const environment = { AUTH: 'keys', FAILED_LOGINS_PER_MINUTE: '0' };
    service = await startTestService(cleanup, { engine, environment });
    ({ keys, customerId } = await prepare(service));
  });

  async function prepare({ databaseUrl, call }: TestService) {
    const maker = keyMaker(cleanup, databaseUrl);
    const good = (await maker.create(allScopes)).text;
    const revoked = await maker.create(allScopes);
    await maker.store.revoke(revoked.id, new Date().toISOString());
    const past = new Date(Date.now() - 1000).toISOString();
    const expired = (await maker.create(allScopes, { expiresAt: past })).text;
    const without: Record<string, string> = {};
    const only: Record<string, string> = {};
    for (const scope of allScopes) {
      without[scope] = (await maker.create(allScopes.filter((each) => each !== scope))).text;
      only[scope] = (await maker.create([scope])).text;
    }
    const last = bearer(Object.values(only).at(-1) ?? '');
    await until(async () => (await call('GET', '/nowhere', { headers: last })).status === 404, 10_000);
    const body = { name: 'Untouched', email: 'untouched@example.com', tags: ['kept'] };
    const created = await call<Customer>('POST', '/customers', { body, headers: bearer(good) });
    return { keys: { good, revoked: revoked.text, expired, without, only }, customerId: created.json.id };
  }

  test('every attempt is 401, 403 or 404, and changes nothing', async (context) => {
    const snapshot = rowsOf(service.databaseUrl);
    const untouched = await snapshot();
    const sender = plainSender(service.url);
    afterwards(context, sender.close);
    const statuses = new Map<number, number>();

    async function attempt(draft: Draft, [spelling, spell]: (typeof spellings)[number], tried: Attempt) {
      const { method, path, headers, body } = { ...draft, ...spell(draft) };
      const target = path + (tried.query ?? '');
      const sentBody = method === 'GET' || method === 'HEAD' ? undefined : (tried.body ?? body);
      const reply = await sender.send(method, target, { ...headers, ...tried.headers }, sentBody);
      const { status } = reply;
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      const name = `${draft.operation.id}, ${tried.name}, ${spelling}: ${method} ${target}\n${reply.text}`;
      if (path.includes('%00')) assert.ok([400, 401, 404].includes(status), name);
      else if (tried.status === 401) assert.equal(status, 401, name);
      else if (spelling === 'as it is') assert.equal(status, 403, name);
      else return assertNothingMore(draft, { method, path }, status, name);
      if (status === 401) assert.match(String(reply.headers['www-authenticate']), /^Bearer realm="/, name);
      if (method !== 'TRACE') checkReply(observed(method, target, reply));
    }

    for (const draft of draftsOf(customerId)) {
      for (const spelling of spellings) {
        await Promise.all(attemptsFor(draft, keys).map((tried) => attempt(draft, spelling, tried)));
      }
    }
    const counts = [...statuses].map(([status, count]) => `${count} x ${status}`).join(', ');
    context.diagnostic(`${draftsOf(customerId).length} operations: ${counts}; 0 rows changed`);
    assert.deepEqual(await snapshot(), untouched);
  });

  test('every operation requires its own scope and accepts no other', async () => {
    const sender = plainSender(service.url);
    for (const { operation, method, path, headers, body } of draftsOf(customerId)) {
      for (const [scope, key] of Object.entries(keys.only)) {
        const { status, text } = await sender.send(method, path, { ...headers, ...bearer(key) }, body);
        const name = `${operation.id} with ${scope}: ${status} ${text}`;
        assert.equal(status === 403, scope !== operation.requiredScope, name);
        assert.ok(status !== 401 && status < 500, name);
      }
    }
    sender.close();
  });

  test('public paths return the same with any credential', async () => {
    for (const path of ['/livez', '/readyz', '/openapi.yaml', '/openapi.json']) {
      for (const headers of [{}, bearer('x'), bearer(keys.good), bearer(keys.revoked)]) {
        assert.equal((await service.call('GET', path, { headers })).status, 200, path);
      }
    }
  });

  /** Reads everything that a request could change. */
  function rowsOf(databaseUrl: string): () => Promise<unknown> {
    const direct = openDirectly(cleanup, databaseUrl);
    const tables = ['customers', 'customer_tags', 'changes', 'feed_head', 'idempotency_keys', 'api_keys'];
    return async () => {
      const rows = await Promise.all(tables.map((table) => select(direct, `SELECT * FROM ${table}`)));
      return tables.map((table, index) => [table, rows[index]]);
    };
  }
});

/**
 * With a credential but without the scope, a caller may learn only that another path or method does not
 * exist.
 */
function assertNothingMore(
  draft: Draft,
  { method, path }: Pick<Draft, 'method' | 'path'>,
  status: number,
  name: string,
): void {
  // Another method is another operation, for which the credential may suffice; so may another path be:
  // `/customers/export;x=1` has the form of a customer's path.
  const otherMethod = method !== draft.method && !(method === 'HEAD' && draft.method === 'GET');
  const found = findOperation(method, path)?.operation.operationId;
  const other = otherMethod || (found !== undefined && found !== draft.operation.id);
  const allowed = other ? [403, 404, 405, 415, 200, 400, 422] : [403, 404];
  assert.ok(allowed.includes(status), name);
}

function observed(
  method: string,
  path: string,
  { status, headers, text }: { status: number; headers: NodeJS.Dict<string | string[]>; text: string },
) {
  const pairs = Object.entries(headers).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, String(value)] as [string, string]],
  );
  return { method, path, status, headers: new Headers(pairs), bodyText: text };
}
