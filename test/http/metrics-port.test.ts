/**
 * Metrics on a separate port.
 *
 * Planted, and each failed: other paths served on that port; the port left open at the end.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import { loadConfig } from '../../src/config/config.ts';
import { startService } from '../../src/service.ts';
import { afterwards } from '../support/cleanup.ts';

const environment = { PORT: '0', DATABASE_URL: 'sqlite::memory:', LOG_LEVEL: 'silent', AUTH: 'keys' };

async function start(t: TestContext): Promise<{ readonly metricsUrl: string; stop(): Promise<void> }> {
  const service = await startService(loadConfig({ ...environment, METRICS_PORT: '0' }));
  afterwards(t, () => service.stop());
  assert.ok(service.metricsUrl);
  return { metricsUrl: service.metricsUrl, stop: service.stop };
}

test('200 for /metrics without a credential, also through a proxy', async (t) => {
  const { metricsUrl } = await start(t);
  for (const headers of [{}, { 'X-Forwarded-For': '203.0.113.7' }]) {
    const reply = await fetch(metricsUrl, { headers });
    assert.equal(reply.status, 200);
    assert.match(reply.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
    assert.match(await reply.text(), /^http_requests_in_flight 0$/m);
  }
  const head = await fetch(metricsUrl, { method: 'HEAD' });
  assert.deepEqual([head.status, await head.text()], [200, '']);
});

test('404 for every other path, and 405 with Allow for every other method', async (t) => {
  const { metricsUrl } = await start(t);
  for (const path of ['/', '/customers', '/livez', '/metrics/', '/metrics?a=b', '/openapi.json']) {
    assert.equal((await fetch(new URL(path, metricsUrl))).status, 404, path);
  }
  const reply = await fetch(metricsUrl, { method: 'POST', body: 'x' });
  assert.deepEqual([reply.status, reply.headers.get('allow')], [405, 'GET, HEAD']);
});

test('the port is closed after the service stops or fails to start', async (t) => {
  const { metricsUrl, stop } = await start(t);
  await stop();
  await assert.rejects(fetch(metricsUrl));

  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  afterwards(t, () => void taken.close());
  const { port } = taken.address() as { port: number };
  const settings = { ...environment, METRICS_PORT: String(port) };
  await assert.rejects(startService(loadConfig(settings)), { code: 'EADDRINUSE' });
});
