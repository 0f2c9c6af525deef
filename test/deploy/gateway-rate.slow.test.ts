/**
 * The configured rate limit of nginx, at a lower rate for slow machines.
 *
 * Planted: no limit_req. It failed.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { afterwards } from '../support/cleanup.ts';
import { freshDatabaseUrl } from '../support/engines.ts';
import { freePort } from '../support/free-port.ts';
import { startInstance } from './gateway-instances.ts';
import { startGateway, without } from './gateway-process.ts';

describe('nginx', { skip: without('nginx') }, () => {
  test('429 with Retry-After and problem details for an address over the limit', async (t) => {
    const databaseUrl = await freshDatabaseUrl(t, 'sqlite');
    const port = await freePort();
    const running = await startInstance(databaseUrl, port);
    afterwards(t, async () => void (await running.stop()));
    const gateway = await startGateway(t, 'nginx', [port, port], 1);
    const replies = await Promise.all(Array.from({ length: 300 }, () => gateway.call('GET', '/livez')));
    const limited = replies.filter(({ status }) => status === 429);
    assert.ok(limited.length > 0 && limited.length < 250, `${limited.length} of 300 refused`);
    assert.deepEqual(new Set(replies.map(({ status }) => status)), new Set([200, 429]));
    for (const { headers, text } of limited) {
      assert.equal(headers['retry-after'], '1');
      assert.deepEqual(
        [headers['content-type'], JSON.parse(text).code],
        ['application/problem+json', 'rate_limited'],
      );
    }
    t.diagnostic(`${limited.length} of 300 refused`);
  });
});
