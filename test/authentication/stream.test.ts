/** An endless stream ends when its credential is revoked. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { keyMaker } from '../support/credentials.ts';
import { describeEngines } from '../support/engines.ts';
import { startTestService } from '../support/service.ts';

/** Far above the promised second, because a loaded machine notices the end of the stream late. */
const endsWithinMs = 10_000;

describeEngines('an event stream', (engine) => {
  test('ends when its key is revoked, and cannot be opened again', async (context) => {
    const service = await startTestService(context, { engine, environment: { AUTH: 'keys' } });
    const maker = keyMaker(context, service.databaseUrl);
    const key = await maker.create(['changes:read']);
    const headers = { accept: 'text/event-stream', authorization: `Bearer ${key.text}` };
    const follow = () =>
      fetch(`${service.url}/changes`, { headers, signal: AbortSignal.timeout(endsWithinMs) });
    let opened = await follow();
    // The service notices a new key within a second.
    while (opened.status === 401) {
      await delay(50);
      opened = await follow();
    }
    assert.equal(opened.status, 200);
    const ended = opened.text();
    const revokedAt = performance.now();
    await maker.store.revoke(key.id, new Date().toISOString());
    await ended;
    context.diagnostic(`ended ${Math.round(performance.now() - revokedAt)} ms after the revocation`);
    assert.equal((await follow()).status, 401);
  });
});
