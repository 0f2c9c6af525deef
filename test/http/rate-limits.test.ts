/**
 * Rate limits of a running service: 429 and its headers, per principal and per address, and trusted proxies.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bearer, keyMaker, until } from '../support/credentials.ts';
import { describeEngines } from '../support/engines.ts';
import { startTestService, type TestService } from '../support/service.ts';

const forwarded = (address: string) => ({ 'X-Forwarded-For': address });

describeEngines('rate limits', (engine) => {
  test('no rate-limit headers without limits', async (context) => {
    const service = await startTestService(context, { engine });
    for (let count = 0; count < 50; count++) {
      const { status, headers } = await service.call('GET', '/customers');
      assert.equal(status, 200);
      assert.deepEqual([headers.get('ratelimit'), headers.get('ratelimit-policy')], [null, null]);
    }
  });

  test('429 for a principal over its limit, and for no other', async (context) => {
    const environment = { AUTH: 'keys', RATE_LIMIT_PER_MINUTE: '20' };
    const service = await startTestService(context, { engine, environment });
    const maker = keyMaker(context, service.databaseUrl);
    const [busy = '', quiet = ''] = await Promise.all(
      ['busy', 'quiet'].map(async (name) => (await maker.create(['customers:read'], { name })).text),
    );
    const get = (key: string, path = '/customers') => service.call('GET', path, { headers: bearer(key) });
    await until(async () => (await get(quiet)).status === 200, 5000);
    const statuses: number[] = [];
    for (let count = 0; count < 25; count++) {
      const { status, headers } = await get(busy, count % 2 ? '/nowhere' : '/customers');
      statuses.push(status);
      if (status !== 200) continue;
      assert.match(
        headers.get('ratelimit') ?? '',
        new RegExp(`^"requests";r=(${19 - count}|${20 - count});t=\\d+$`),
      );
      assert.equal(headers.get('ratelimit-policy'), '"requests";q=20;w=60');
    }
    assert.deepEqual(
      statuses.slice(0, 20).filter((status) => status === 429),
      [],
    );
    assert.ok(statuses.slice(20).filter((status) => status === 429).length >= 4, statuses.join());
    const { headers, problem } = await get(busy);
    assert.equal(problem.code, 'rate_limited');
    assert.match(problem.detail, /More than 20 requests a minute/);
    assert.match(headers.get('ratelimit') ?? '', /^"requests";r=0;t=[123]$/);
    assert.equal(headers.get('retry-after'), /t=(\d)/.exec(headers.get('ratelimit') ?? '')?.[1]);
    assert.equal((await get(quiet)).status, 200);
    assert.equal((await service.call('GET', '/livez')).status, 200);
  });

  test('429 instead of 401 for an address, while its valid credentials still work', async (context) => {
    const environment = { AUTH: 'keys', FAILED_LOGINS_PER_MINUTE: '30', TRUST_PROXY: '1' };
    const service = await startTestService(context, { engine, environment });
    const good = (await keyMaker(context, service.databaseUrl).create(['customers:read'])).text;
    const wrong = (address: string) =>
      service.call('GET', '/customers', { headers: { ...bearer('wrong'), ...forwarded(address) } });
    const statuses: number[] = [];
    for (let count = 0; count < 40; count++) statuses.push((await wrong('203.0.113.1')).status);
    assert.deepEqual(new Set(statuses.slice(0, 30)), new Set([401]));
    assert.ok(statuses.slice(30).filter((status) => status === 429).length >= 8, statuses.join());
    const refused = await wrong('203.0.113.1');
    assert.match(refused.headers.get('ratelimit') ?? '', /^"failures";r=0;t=\d$/);
    assert.equal((await wrong('203.0.113.2')).status, 401, 'another address');
    const headers = { ...bearer(good), ...forwarded('203.0.113.1') };
    await until(async () => (await service.call('GET', '/customers', { headers })).status === 200, 5000);
  });

  test('X-Forwarded-For is trusted only as far as TRUST_PROXY says', async (context) => {
    const isCountedBy = async (trustProxy: string, ...chains: string[]) => {
      const environment = { RATE_LIMIT_PER_MINUTE: '2', TRUST_PROXY: trustProxy };
      const service: TestService = await startTestService(context, { engine, environment });
      const statuses: number[] = [];
      for (const chain of chains) {
        statuses.push((await service.call('GET', '/customers', { headers: forwarded(chain) })).status);
      }
      return statuses;
    };
    // No trusted proxy: the header is ignored, so it is one client.
    assert.deepEqual(await isCountedBy('', '203.0.113.1', '203.0.113.2', '203.0.113.3'), [200, 200, 429]);
    // One proxy: the last address counts; those before it can be forged by the client.
    assert.deepEqual(await isCountedBy('1', '203.0.113.1', '203.0.113.2', '203.0.113.3'), [200, 200, 200]);
    assert.deepEqual(
      await isCountedBy('1', '1.1.1.1, 203.0.113.1', '2.2.2.2, 203.0.113.1', '203.0.113.1'),
      [200, 200, 429],
    );
    // Trusted by address: this test connects from 127.0.0.1.
    assert.deepEqual(
      await isCountedBy('127.0.0.0/8', '203.0.113.1', '203.0.113.2', '203.0.113.3'),
      [200, 200, 200],
    );
    assert.deepEqual(
      await isCountedBy('10.0.0.0/8', '203.0.113.1', '203.0.113.2', '203.0.113.3'),
      [200, 200, 429],
    );
    // Values that are not addresses are ignored.
    assert.deepEqual(await isCountedBy('1', 'unknown', 'x'.repeat(2000), '_hidden'), [200, 200, 429]);
  });
});
