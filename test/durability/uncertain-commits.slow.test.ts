/**
 * A COMMIT whose result is lost: its writes are reported as stored only if they are, repeated only if they
 * can no longer be stored, and otherwise reported as uncertain with advice. A trigger that waits for a lock
 * delays COMMIT.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { loadConfig } from '../../src/config/config.ts';
import type { Engine } from '../../src/storage/engine/engine.ts';
import { migrate } from '../../src/storage/open.ts';
import { execute, openDirectly, select } from '../storage/direct-engine.ts';
import { afterwards, type Cleanup } from '../support/cleanup.ts';
import { until } from '../support/credentials.ts';
import { freshDatabaseUrl } from '../support/engines.ts';
import { startTestService } from '../support/service.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';

const timeoutMs = 20_000;
const waitsMax = 30_000;

/** A service whose COMMITs can be blocked on the server, behind a network that can fail. */
async function startScene(cleanup: Cleanup) {
  const databaseUrl = await freshDatabaseUrl(cleanup, 'postgres');
  await migrate(loadConfig({ DATABASE_URL: databaseUrl }).database);
  const direct = openDirectly(cleanup, databaseUrl, { readerConnections: 4 });
  await execute(
    direct,
    'CREATE FUNCTION wait_at_commit() RETURNS trigger LANGUAGE plpgsql AS ' +
      "'BEGIN PERFORM pg_advisory_xact_lock(42); RETURN NULL; END'",
    'CREATE CONSTRAINT TRIGGER wait_at_commit AFTER INSERT ON changes DEFERRABLE INITIALLY DEFERRED ' +
      'FOR EACH ROW EXECUTE FUNCTION wait_at_commit()',
  );
  const proxy = await startTcpProxy(cleanup, databaseUrl);
  const service = await startTestService(cleanup, {
    engine: 'postgres',
    databaseUrl: proxy.through(databaseUrl),
    environment: { REQUEST_TIMEOUT_MS: String(timeoutMs) },
  });
  return {
    direct,
    proxy,
    create: (name: string, key?: string) =>
      service.call('POST', '/customers', {
        body: { name },
        ...(key ? { headers: { 'Idempotency-Key': key } } : {}),
      }),
    async stored(name: string): Promise<number> {
      return (await select(direct, 'SELECT 1 FROM customers WHERE name = ?', name)).length;
    },
    /** Blocks every COMMIT until the returned function is called. */
    async hold() {
      const release = await holdLock(direct);
      afterwards(cleanup, release);
      return release;
    },
    /** Resolves with the id of the server process that is in COMMIT. */
    async committing(): Promise<number> {
      let pid = 0;
      await until(async () => {
        const sql =
          'SELECT pid FROM pg_stat_activity WHERE datname = current_database() ' +
          "AND wait_event = 'advisory' AND query LIKE '%COMMIT'";
        pid = (await select<{ pid: number }>(direct, sql))[0]?.pid ?? 0;
        return pid !== 0;
      }, waitsMax);
      return pid;
    },
    /** Resets all present connections; new ones work. */
    reset() {
      proxy.set('reset');
      proxy.set('none');
    },
    /** Resolves when the service waits for earlier transactions to end. */
    async settling(): Promise<void> {
      const sql =
        'SELECT 1 FROM pg_stat_activity WHERE datname = current_database() ' +
        "AND wait_event_type = 'Lock' AND query LIKE '%feed_head FOR NO KEY UPDATE%'";
      await until(async () => (await select(direct, sql)).length > 0, waitsMax);
    },
  };
}

async function holdLock(direct: Engine): Promise<() => Promise<void>> {
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  let done: Promise<unknown> = Promise.resolve();
  await new Promise<void>((resolve, reject) => {
    done = direct.transaction(async (session) => {
      await session.run('SELECT pg_advisory_xact_lock(42)', []);
      resolve();
      await released;
    });
    done.catch(reject);
  });
  return async () => {
    release();
    await done;
  };
}

describe('a COMMIT whose result is lost [postgres]', () => {
  // Planted: the key looked up without waiting for earlier transactions (stored twice, or refused as in use).
  test('a keyed write that was stored after all returns as stored, once', async (t) => {
    const scene = await startScene(t);
    const release = await scene.hold();
    const reply = scene.create('Stored', 'stored');
    await scene.committing();
    scene.reset();
    await scene.settling();
    await release();
    const { status, headers } = await reply;
    assert.deepEqual([status, headers.get('idempotency-replayed')], [201, 'true']);
    assert.equal(await scene.stored('Stored'), 1);
  });

  // Planted: the writes of an uncertain COMMIT not repeated (503).
  test('a keyed write that can no longer be stored is repeated, and stored once', async (t) => {
    const scene = await startScene(t);
    const release = await scene.hold();
    const reply = scene.create('Anew', 'anew');
    const pid = await scene.committing();
    scene.reset();
    await scene.settling();
    await select(scene.direct, 'SELECT pg_terminate_backend(?)', pid);
    await release();
    const { status, headers } = await reply;
    assert.deepEqual([status, headers.get('idempotency-replayed')], [201, null]);
    assert.equal(await scene.stored('Anew'), 1);
  });

  // Planted: a write without a key repeated (201, and stored twice).
  test('a write without a key stays uncertain: 503, with advice', async (t) => {
    const scene = await startScene(t);
    const release = await scene.hold();
    const reply = scene.create('Open');
    await scene.committing();
    scene.reset();
    await release();
    const { status, problem, headers } = await reply;
    assert.deepEqual([status, problem.code], [503, 'unavailable']);
    assert.match(problem.detail, /not known.*Read the customer/);
    assert.match(headers.get('retry-after') ?? '', /^\d+$/);
    await until(async () => (await scene.stored('Open')) > 0, waitsMax);
    assert.equal(await scene.stored('Open'), 1);
  });

  // Planted: writes not repeated after a lost connection (503).
  test('after a connection lost before COMMIT the write is repeated on another one, and stored once', async (t) => {
    const scene = await startScene(t);
    await scene.create('Before');
    let lost = false;
    await scene.direct
      .transaction(async (session) => {
        await session.run('SELECT position FROM feed_head FOR UPDATE', []);
        const reply = scene.create('Twice tried').finally(() => {
          assert.ok(lost, 'it returned before its connection was lost');
        });
        const waiting =
          "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
        let pid = 0;
        await until(async () => {
          pid = (await select<{ pid: number }>(scene.direct, waiting))[0]?.pid ?? 0;
          return pid !== 0;
        }, waitsMax);
        lost = true;
        await select(scene.direct, 'SELECT pg_terminate_backend(?)', pid);
        return { reply };
      })
      .then(async ({ reply }) => assert.equal((await reply).status, 201));
    assert.equal(await scene.stored('Twice tried'), 1);
  });
});
