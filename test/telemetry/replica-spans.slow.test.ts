/**
 * The trace of a read shows which database answered it, or tried to.
 *
 * Planted: the replica's engine not traced. The read was missing from the trace.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { loadConfig } from '../../src/config/config.ts';
import { migrate } from '../../src/storage/open.ts';
import { startPostgresPair } from '../support/postgres-pair.ts';
import { replicaCounts } from '../support/replica-counts.ts';
import { startTestService } from '../support/service.ts';
import { startReceiver } from './otlp-receiver.ts';

const patienceMs = 30_000;

test('spans of a replica', async (t) => {
  const pair = await startPostgresPair(t);
  const databaseUrl = pair.primary.url;
  await migrate(loadConfig({ DATABASE_URL: databaseUrl }).database);
  const receiver = await startReceiver(t);
  const environment = {
    DATABASE_REPLICA_URL: pair.standby.url,
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
  };
  const service = await startTestService(t, { engine: 'postgres', databaseUrl, environment });
  const created = await service.call<{ id: string }>('POST', '/customers', { body: { name: 'Ada' } });
  const headers = { 'Min-Feed-Position': created.headers.get('feed-position') ?? '' };
  for (const end = Date.now() + patienceMs; (await replicaCounts(service)).served === 0; await pause(20)) {
    assert.ok(Date.now() < end, 'the replica is not used');
    await service.call('GET', `/customers/${created.json.id}`, { headers });
  }
  await service.stop();
  const { spans } = receiver;
  const requests = spans.filter(({ attributes }) => attributes['customers.operation_id'] === 'getCustomer');
  const rolesOf = (spanId: string) =>
    spans
      .filter(({ parentSpanId }) => parentSpanId === spanId)
      .map(({ attributes }) => attributes['customers.database_role']);
  const attempts = requests.map(({ spanId }) => rolesOf(spanId).join());
  t.diagnostic(attempts.join('; '));
  assert.ok(attempts.includes('replica'), 'the read that it served');
  assert.ok(attempts.every((roles) => /^(replica|primary|replica,primary)$/.test(roles)));
  const read = spans.find(({ attributes }) => attributes['customers.database_role'] === 'replica');
  const statements = spans.filter(({ parentSpanId }) => parentSpanId === read?.spanId);
  assert.equal(statements[0]?.name, 'BEGIN');
});
