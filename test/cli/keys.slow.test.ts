/** `customers keys` while a service runs, each in its own process. */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { before, test } from 'node:test';
import { createKey, revokeKey, rotateKey } from '../../src/cli/keys.ts';
import { loadConfig } from '../../src/config/config.ts';
import { openDirectly, select } from '../storage/direct-engine.ts';
import { suiteCleanup } from '../support/cleanup.ts';
import { bearer, until } from '../support/credentials.ts';
import { describeEngines, freshDatabaseUrl } from '../support/engines.ts';
import { runCommand } from '../support/process.ts';
import { startTestService, type TestService } from '../support/service.ts';

const keyPattern = /^customers_([0-9a-f]{12})_[0-9a-f]{72}\n$/;

describeEngines('customers keys', (engine) => {
  const cleanup = suiteCleanup();
  let services: TestService[];
  before(async () => {
    const options = { engine, environment: { AUTH: 'keys' } };
    const first = await startTestService(cleanup, options);
    // One process serves a SQLite file; several can serve a PostgreSQL database.
    const more =
      engine === 'postgres'
        ? [await startTestService(cleanup, { ...options, databaseUrl: first.databaseUrl })]
        : [];
    services = [first, ...more];
  });
  const keys = (...args: string[]) =>
    runCommand(['keys', ...args], { env: { DATABASE_URL: services[0]?.databaseUrl ?? '' } });
  const list = async () => (await keys('list')).stdout.trimEnd().split('\n').slice(1);
  const everywhere = async (key: string, status: number) => {
    const replies = await Promise.all(
      services.map((service) => service.call('GET', '/customers', { headers: bearer(key) })),
    );
    return replies.every((reply) => reply.status === status);
  };

  async function create(...args: string[]): Promise<{ key: string; id: string }> {
    const { code, stdout, stderr } = await keys('create', ...args);
    assert.equal(code, 0, stderr);
    const [, id = ''] = keyPattern.exec(stdout) ?? assert.fail(stdout);
    assert.ok(!stderr.includes(stdout.trim()), 'standard output contains only the key');
    return { key: stdout.trim(), id };
  }

  test('a key works at once, is shown once, and is not stored in the database', async (context) => {
    const { key, id } = await create('--name', 'billing', '--scope', 'customers:read', 'metrics:read');
    context.diagnostic(`accepted after ${Math.round(await until(() => everywhere(key, 200), 5000))} ms`);
    assert.match(
      (await list()).join('\n'),
      new RegExp(`^${id}  active +billing +customers:read,metrics:read .* never$`, 'm'),
    );
    const direct = openDirectly(context, services[0]?.databaseUrl ?? '');
    const [row] = await select<Record<string, string>>(direct, 'SELECT * FROM api_keys WHERE id = ?', id);
    assert.equal(row?.hash, createHash('sha256').update(key).digest('hex'));
    assert.ok(!JSON.stringify(row).includes(key.slice(23, 60)));
  });

  test('a key revoked by another process is refused everywhere within a second', async (context) => {
    const { key, id } = await create('--name', 'doomed', '--scope', 'customers:read');
    await until(() => everywhere(key, 200), 5000);
    const direct = openDirectly(context, services[0]?.databaseUrl ?? '');
    const isRevoked = async () => {
      const [row] = await select<{ revoked_at: string | null }>(
        direct,
        'SELECT revoked_at FROM api_keys WHERE id = ?',
        id,
      );
      return row?.revoked_at != null;
    };
    const revoking = keys('revoke', id);
    await until(isRevoked, 20_000, 5);
    const tookMs = await until(() => everywhere(key, 401), 5000, 5);
    context.diagnostic(`refused ${Math.round(tookMs)} ms after the commit, by ${services.length} service(s)`);
    assert.ok(tookMs < 1000, `${tookMs} ms instead of at most a second`);
    assert.match((await revoking).stdout, /is revoked\. Running services refuse it within a second\.\n$/);
    const again = await keys('revoke', id);
    assert.match(again.stdout, /was revoked at 20/);
    assert.match((await list()).join('\n'), new RegExp(`^${id}  revoked  doomed `, 'm'));
    const { problem } = (await services[0]?.call('GET', '/customers', { headers: bearer(key) })) ?? {};
    assert.equal(problem?.detail, 'The API key has been revoked.');
  });

  test('rotating creates a successor, and ends the old key after the overlap', async () => {
    const old = await create('--name', 'rotating', '--scope', 'customers:read', '--expires', '90d');
    const { code, stdout, stderr } = await keys('rotate', old.id, '--overlap', '0m');
    assert.equal(code, 0, stderr);
    const successor = stdout.trim();
    await until(async () => (await everywhere(successor, 200)) && (await everywhere(old.key, 401)), 5000);
    const lines = (await list()).filter((line) => line.includes('rotating'));
    assert.deepEqual(
      lines.map((line) => line.split(/ +/)[1]),
      ['expired', 'active'],
    );
    const ninetyDays = 90 * 86_400_000;
    const [, , , , createdAt = '', expiresAt = ''] = lines[1]?.split(/ +/) ?? [];
    assert.equal(
      Date.parse(expiresAt) - Date.parse(createdAt),
      ninetyDays,
      'the successor expires at the same time',
    );
    assert.match((await keys('rotate', old.id)).stderr, /has ended\. Create a new one/);
  });

  test('the actor of a change is the name of the key', async (context) => {
    const { key } = await create('--name', 'Zoë, the actor', '--scope', 'customers:write');
    const [service] = services;
    const request = { body: { name: 'x' }, headers: bearer(key) };
    await until(async () => (await service?.call('POST', '/customers', request))?.status === 201, 5000);
    const direct = openDirectly(context, service?.databaseUrl ?? '');
    const rows = await select<{ actor: string }>(direct, 'SELECT actor FROM changes');
    assert.deepEqual([...new Set(rows.map(({ actor }) => actor))], ['Zoë, the actor']);
  });

  test('errors are explained in one line, and nothing is stored', async () => {
    const config = loadConfig({ DATABASE_URL: services[0]?.databaseUrl });
    const before = await list();
    const scope = ['customers:read'];
    const wrong: readonly (readonly [() => Promise<void>, RegExp])[] = [
      [() => createKey(config, { name: 'billing', scope }), /there is a key named billing already/],
      [() => createKey(config, { name: 'x', scope: ['customers:all'] }), /no scope "customers:all"/],
      [() => createKey(config, { name: 'x', scope: [''] }), /no scope ""/],
      [() => createKey(config, { name: '', scope }), /--name must be/],
      [() => createKey(config, { name: 'anonymous', scope }), /--name must be/],
      [() => createKey(config, { name: 'a\nb', scope }), /--name must be/],
      [() => createKey(config, { name: 'x', scope, expires: 'soon' }), /--expires must be a duration/],
      [() => createKey(config, { name: 'x', scope, expires: '99999d' }), /at most ten years/],
      [() => createKey(config, { name: 'x', scope, expires: '2020-01-01T00:00:00Z' }), /a time to come/],
      [() => createKey(config, { name: 'x', scope, expires: '2030-01-01T00:00:00' }), /with its zone/],
      [() => revokeKey(config, 'nothing'), /no key with the id "nothing"/],
      [() => rotateKey(config, 'nothing', { overlap: '1d' }), /no key with the id "nothing"/],
      [() => rotateKey(config, 'nothing', { overlap: 'x' }), /--overlap must be a duration/],
    ];
    for (const [attempt, message] of wrong) await assert.rejects(attempt, message);
    const { code, stdout, stderr } = await keys('create', '--name', 'billing', '--scope', 'customers:read');
    assert.deepEqual({ code, stdout }, { code: 1, stdout: '' });
    assert.match(stderr, /^customers: there is a key named billing already[^\n]+\n$/);
    assert.deepEqual(await list(), before);
  });

  test('a new SQLite database is created; a PostgreSQL database must be migrated first', async (context) => {
    const env = { DATABASE_URL: await freshDatabaseUrl(context, engine) };
    const { code, stderr } = await runCommand(['keys', 'list'], { env });
    if (engine === 'sqlite') assert.equal(code, 0, stderr);
    else assert.match(stderr, /not up to date\. Run: customers migrate/);
    const temporary = await runCommand(['keys', 'list'], { env: { DATABASE_URL: 'sqlite::memory:' } });
    assert.match(temporary.stderr, /Set DATABASE_URL to one that stays/);
  });
});
