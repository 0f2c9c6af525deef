/**
 * Row 7 of the test plan: PostgreSQL is restarted under load, and the primary is killed and its synchronous standby
 * promoted, again and again. Nothing that was acknowledged is lost, the service goes on by itself, and so do the
 * change feed's streams, the API keys and the housekeeping. While the standby is gone, commits wait: what waits is
 * not acknowledged, then or later. And of servers that only read: what they refuse is written on the primary, and
 * what they would show is not shown.
 */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { loadConfig } from '../../src/config.ts';
import { openToServe } from '../../src/storage/database.ts';
import { suiteCleanup } from '../support/cleanup.ts';
import { until } from '../support/credentials.ts';
import { type PostgresPair, startPostgresPair } from '../support/postgres-pair.ts';
import type { TestService } from '../support/service.ts';
import { endure, failOver, restart, rounds } from './enduring.ts';
import { startPairService } from './pair-service.ts';

const timeoutMs = 2000;
const environment = { REQUEST_TIMEOUT_MS: String(timeoutMs) };
const waitsMax = 30_000;
const waiting = "FROM pg_stat_activity WHERE wait_event = 'SyncRep'";

describe('a primary with a synchronous standby [postgres]', () => {
  const suite = suiteCleanup();
  let pair: PostgresPair;
  before(async () => {
    pair = await startPostgresPair(suite);
  });

  // Planted: a COMMIT that broke answered as stored (lost).
  test(`${rounds} restarts under load lose nothing`, (t) => endure(t, pair, 'restarts', () => restart(pair)));

  // Planted: what a lost connection ended answered as stored (lost), a pool that keeps such a connection (never well).
  test(`${rounds} failovers under load lose nothing`, (t) =>
    endure(t, pair, 'failovers', (scene) => failOver(pair, scene)));

  /** A creation; only these statuses are answers. */
  async function create(service: TestService, name: string, key?: string) {
    const reply = await service.call<{ id: string }>('POST', '/customers', {
      body: { name, externalId: name },
      ...(key ? { headers: { 'Idempotency-Key': key } } : {}),
    });
    assert.ok([201, 409, 503].includes(reply.status), `${name}: ${reply.status}`);
    if (reply.status !== 201) assert.match(reply.headers.get('retry-after') ?? '', /^\d+$/);
    return reply;
  }

  const find = async (service: TestService, name: string) =>
    (await service.call('GET', `/external-ids/${name}/customer`)).status;

  // Planted: COMMIT not waited for (201).
  test('while the standby is gone nothing is acknowledged or shown, and then all goes on', async (t) => {
    const { service } = await startPairService(t, pair, environment);
    assert.equal((await create(service, 'before')).status, 201);
    await pair.standby.kill();
    const begin = performance.now();
    const late = await create(service, 'late', 'late');
    t.diagnostic(`refused after ${Math.round(performance.now() - begin)} ms of ${timeoutMs}`);
    assert.equal(late.status, 503);
    assert.match(late.problem.detail, /not known/);
    assert.equal(await find(service, 'late'), 404);
    assert.notEqual((await create(service, 'late', 'late')).status, 201);
    assert.equal(await find(service, 'before'), 200);
    await pair.standby.start();
    await until(async () => (await create(service, 'late', 'late')).status === 201, waitsMax);
    assert.equal(await find(service, 'late'), 200);
    await until(async () => (await service.call('GET', '/readyz')).status === 200, waitsMax);
  });

  // Planted: notice 01000 not heeded (201, and lost); a replay not confirmed by the standby (201, and lost).
  test('a wait for the standby that is given up is no acknowledgement, nor is a repeat of it', async (t) => {
    const { service, proxy, databaseUrl } = await startPairService(t, pair, environment);
    assert.equal((await create(service, 'kept')).status, 201);
    await pair.standby.kill();
    const cancelled = create(service, 'cancelled', 'cancelled');
    await until(
      async () => (await pair.primary.run(`SELECT pg_cancel_backend(pid) ${waiting}`)).length > 0,
      waitsMax,
    );
    assert.equal((await cancelled).status, 503);
    // The server shows it now, although no standby has it.
    await until(async () => (await find(service, 'cancelled')) === 200, waitsMax);
    assert.notEqual((await create(service, 'cancelled', 'cancelled')).status, 201);

    await pair.primary.kill();
    await pair.standby.start();
    await pair.promote();
    proxy.retarget(databaseUrl());
    await until(async () => (await find(service, 'kept')) === 200, waitsMax);
    assert.equal(await find(service, 'cancelled'), 404, 'it is lost, and was never acknowledged');
    const again = await create(service, 'cancelled', 'cancelled');
    assert.deepEqual([again.status, again.headers.get('idempotency-replayed')], [201, null]);
    await pair.rejoin();
  });

  // Planted: a new connection not asked whether its server is a standby (200 from it).
  test('a standby is no primary: nothing is read from it, and the service does not start on it', async (t) => {
    const { service, proxy, databaseUrl } = await startPairService(t, pair, environment);
    const { json } = await create(service, 'only');
    proxy.retarget(databaseUrl(pair.standby));
    proxy.set('reset');
    proxy.set('none');
    assert.equal((await service.call('GET', `/customers/${json.id}`)).status, 503);
    assert.equal((await service.call('GET', '/readyz')).status, 503);
    assert.equal((await create(service, 'none')).status, 503);
    const { database } = loadConfig({ DATABASE_URL: databaseUrl(pair.standby) });
    await assert.rejects(
      openToServe(database, timeoutMs),
      /cannot reach the database: the server is a standby/,
    );
    proxy.retarget(databaseUrl());
    await until(async () => (await service.call('GET', `/customers/${json.id}`)).status === 200, waitsMax);
    assert.equal((await create(service, 'again')).status, 201);
  });

  // Planted: the connection that was answered 25006 kept (503), and only that one left (a read that knows nothing).
  test('a primary that was demoted is left, for reads too', async (t) => {
    const { service, proxy, databaseUrl } = await startPairService(t, pair, environment);
    const readAll = (id: string) =>
      Promise.all(
        Array.from({ length: 20 }, async () => (await service.call('GET', `/customers/${id}`)).status),
      );
    const { json } = await create(service, 'first');
    await readAll(json.id);
    const demoted = pair.primary;
    await demoted.run('ALTER SYSTEM SET default_transaction_read_only = on');
    await demoted.run('SELECT pg_reload_conf()');
    await pair.promote();
    proxy.retarget(databaseUrl());
    const second = await create(service, 'second');
    assert.equal(second.status, 201);
    for (let round = 0; round < 3; round++)
      assert.deepEqual(new Set(await readAll(second.json.id)), new Set([200]));
  });
});
