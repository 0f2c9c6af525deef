/** Long responses check whether their caller's credential is still valid. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openApiKeyCache } from '../../src/authentication/api-key-cache.ts';
import type { Principal } from '../../src/domain/authentication.ts';
import { createApiKeyStore } from '../../src/storage/api-keys.ts';
import { openStore } from '../storage/open-store.ts';
import { afterwards } from '../support/cleanup.ts';
import { keyMaker, until } from '../support/credentials.ts';
import { describeEngines } from '../support/engines.ts';

describeEngines('the principal of a key', (engine) => {
  test('is valid until the key is revoked or expires', async (context) => {
    const { databaseUrl, engine: database } = await openStore(context, engine);
    let now = Date.now();
    const options = { clock: () => now, keyTrustMs: 60_000, onHealth: () => undefined };
    const maker = keyMaker(context, databaseUrl);
    const expiresAt = new Date(now + 60_000).toISOString();
    const [revoked, expiring] = [await maker.create(['a:b']), await maker.create(['a:b'], { expiresAt })];
    const keyring = await openApiKeyCache(createApiKeyStore(database), options);
    afterwards(context, () => keyring.stop());

    async function principalOf(text: string): Promise<Principal> {
      const answer = await keyring.authenticate(text);
      return 'principal' in answer ? answer.principal : assert.fail(answer.refusal.reason);
    }
    const [first, second] = [await principalOf(revoked.text), await principalOf(expiring.text)];
    assert.deepEqual([first.isCurrent(), second.isCurrent()], [true, true]);
    assert.equal(first.expiresAtMs, Number.POSITIVE_INFINITY);
    assert.equal(second.expiresAtMs, Date.parse(expiresAt));
    await maker.store.revoke(revoked.id, new Date().toISOString());
    const tookMs = await until(async () => !first.isCurrent(), 5000, 5);
    context.diagnostic(`ended ${Math.round(tookMs)} ms after it was revoked`);
    assert.equal(second.isCurrent(), true);
    now += 60_001;
    assert.equal(second.isCurrent(), false);
  });
});
