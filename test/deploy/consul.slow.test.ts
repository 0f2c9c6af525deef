/**
 * Registration in Consul, against a fake that follows its documented API.
 *
 * Planted, and each failed: no new registration after a 404, `passing` regardless of the database, no
 * deregistration.
 */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import pg from 'pg';
import { until } from '../support/credentials.ts';
import { describeEngines, type EngineName } from '../support/engines.ts';
import { startTestService } from '../support/service.ts';
import { type ConsulAgent, startConsulAgent } from './consul-agent.ts';

const consulIntervalMs = 50;
const timeoutMs = 20_000;

function start(t: TestContext, engine: EngineName, port: number, more: Record<string, string> = {}) {
  const environment = { CONSUL_HTTP_ADDR: `127.0.0.1:${port}`, ...more };
  return startTestService(t, { engine, environment, consulIntervalMs });
}

const onlyOne = (agent: ConsulAgent) => [...agent.services.values()][0];
const isPassing = (agent: ConsulAgent) => async () => onlyOne(agent)?.Check.Status === 'passing';

describeEngines('registration in Consul', (engine) => {
  test('is registered while the service runs, and deregistered when it stops', async (t) => {
    const agent = await startConsulAgent(t, 0, 'secret');
    const service = await start(t, engine, agent.port, { CONSUL_HTTP_TOKEN: 'secret' });
    await until(isPassing(agent), timeoutMs);
    const { Name, Address, Port, Meta, Check } = onlyOne(agent) ?? assert.fail();
    assert.deepEqual([Name, Address, Port], ['customers', '127.0.0.1', Number(new URL(service.url).port)]);
    assert.deepEqual(Meta, { scheme: 'http' });
    assert.equal(Check.DeregisterCriticalServiceAfter, '10m');
    await until(async () => agent.calls.filter((call) => call === 'check/update 200').length >= 3, timeoutMs);
    assert.equal(agent.calls.filter((call) => call.startsWith('service/register')).length, 1);
    await service.stop();
    assert.equal(agent.services.size, 0);
    assert.equal(agent.calls.at(-1), 'service/deregister 200');
  });

  test('registers again after the agent restarts, and when the agent starts after the service', async (t) => {
    const first = await startConsulAgent(t);
    const service = await start(t, engine, first.port);
    await until(isPassing(first), timeoutMs);
    // A restarted agent has forgotten its registrations.
    first.services.clear();
    await until(isPassing(first), timeoutMs);
    await first.stop();
    assert.equal((await service.call('GET', '/readyz')).status, 200, 'the service runs without it');
    const second = await startConsulAgent(t, first.port);
    await until(isPassing(second), timeoutMs);
    const later = await start(t, engine, 1);
    assert.equal((await later.call('GET', '/readyz')).status, 200, 'a service starts without an agent');
    await later.stop();
  });

  test('is rejected by an agent that requires another token, and the service keeps running', async (t) => {
    const agent = await startConsulAgent(t, 0, 'secret');
    const service = await start(t, engine, agent.port, { CONSUL_HTTP_TOKEN: 'wrong' });
    await until(async () => agent.calls.length >= 2, timeoutMs);
    assert.deepEqual([agent.services.size, new Set(agent.calls)], [0, new Set(['service/register 403'])]);
    assert.equal((await service.call('GET', '/livez')).status, 200);
  });

  if (engine === 'postgres') {
    test('is critical while the database is unavailable', async (t) => {
      const agent = await startConsulAgent(t);
      const { databaseUrl } = await start(t, engine, agent.port);
      await until(isPassing(agent), timeoutMs);
      const client = new pg.Client({ connectionString: new URL('/postgres', databaseUrl).href });
      await client.connect();
      await client.query(`DROP DATABASE ${new URL(databaseUrl).pathname.slice(1)} WITH (FORCE)`);
      await client.end();
      await until(async () => onlyOne(agent)?.Check.Status === 'critical', timeoutMs);
    });
  }
});
