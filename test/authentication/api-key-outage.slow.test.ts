/**
 * API keys while the database cannot be read: trusted for a while, then 503, and valid again after recovery.
 *
 * Planted: the age of the last read not compared. It failed.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { execute, openDirectly } from '../storage/direct-engine.ts';
import { afterwards, type Cleanup } from '../support/cleanup.ts';
import { bearer, keyMaker, until } from '../support/credentials.ts';
import { describeEngines, type EngineName } from '../support/engines.ts';
import { startTestService } from '../support/service.ts';
import { byTier } from '../support/tier.ts';

/** The production value in the long version. */
const keyTrustMs = byTier({ full: 1500, soak: 60_000 });

describeEngines('API keys while the database is blocked', (engine) => {
  test(`are trusted for ${keyTrustMs} ms, and then 503`, async (context) => {
    const environment = { AUTH: 'keys', REQUEST_TIMEOUT_MS: '500' };
    const service = await startTestService(context, { engine, environment, keyTrustMs });
    const maker = keyMaker(context, service.databaseUrl);
    const { text } = await maker.create(['customers:read']);
    const status = async (key = text) =>
      (await service.call('GET', '/nowhere', { headers: bearer(key) })).status;
    await until(async () => (await status()) === 404, 5000);

    const unblock = await block(context, engine, service.databaseUrl);
    const blockedAt = performance.now();
    assert.equal(await status(), 404, 'still trusted');
    await until(async () => (await status()) === 503, keyTrustMs + 5000);
    const refusedAfterMs = performance.now() - blockedAt;
    context.diagnostic(`refused ${Math.round(refusedAfterMs)} ms after the database was blocked`);
    // The last successful read was up to an interval earlier, or more on a busy machine.
    assert.ok(refusedAfterMs > keyTrustMs - 1200, `too soon: ${refusedAfterMs} ms`);
    const refusal = await service.call('GET', '/customers', { headers: bearer(text) });
    assert.deepEqual([refusal.status, refusal.problem.code], [503, 'unavailable']);
    assert.ok(Number(refusal.headers.get('retry-after')) > 0);
    assert.equal(await status('x'), 401, 'refusals that need no database stay 401');
    await unblock();
    context.diagnostic(
      `valid again after ${Math.round(await until(async () => (await status()) === 404, 10_000))} ms`,
    );
  });
});

/** Makes the keys unreadable until the returned function is called. */
async function block(cleanup: Cleanup, engine: EngineName, databaseUrl: string) {
  const direct = openDirectly(cleanup, databaseUrl);
  if (engine === 'sqlite') {
    // In WAL mode another process's lock does not stop a reader.
    await execute(direct, 'ALTER TABLE api_key_revision RENAME TO hidden');
    return () => execute(direct, 'ALTER TABLE hidden RENAME TO api_key_revision');
  }
  let release: () => void = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  let locked: () => void = () => {};
  const isLocked = new Promise<void>((resolve) => {
    locked = resolve;
  });
  const transaction = direct.transaction(async (session) => {
    await session.run('LOCK TABLE api_key_revision IN ACCESS EXCLUSIVE MODE', []);
    locked();
    await held;
  });
  // Also when the test fails, because the connection would not close.
  afterwards(cleanup, () => release());
  await isLocked;
  return async () => {
    release();
    await transaction;
  };
}
