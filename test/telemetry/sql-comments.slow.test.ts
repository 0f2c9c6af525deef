/**
 * Traces as visible in PostgreSQL: a sampled request's statement carries its trace while it runs, and all
 * others remain unchanged prepared statements.
 *
 * Planted, and each failed: the comment of the work instead of the statement's; comments on all statements
 * when tracing is on; a commented statement prepared by name.
 */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { Engine } from '../../src/storage/engine/engine.ts';
import { openDirectly, select } from '../storage/direct-engine.ts';
import { startTestService } from '../support/service.ts';
import { type ReceivedSpan, startReceiver } from './otlp-receiver.ts';

const sampled = '4bf92f3577b34da6a3ce929d0e0e4736';
const unsampled = '0af7651916cd43dd8448eb211c80319c';
const traceparent = (traceId: string, flags: string) => ({
  traceparent: `00-${traceId}-00f067aa0ba902b7-${flags}`,
});

/** The latest statement of each of the service's connections, running or finished. */
async function shown(direct: Engine): Promise<string[]> {
  const sql =
    "SELECT query FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'customers' AND pid <> pg_backend_pid()";
  return (await select<{ query: string }>(direct, sql)).map(({ query }) => query);
}

async function until<Found>(look: () => Promise<Found | undefined>): Promise<Found> {
  for (const end = Date.now() + 20_000; Date.now() < end; await pause(20)) {
    const found = await look();
    if (found !== undefined) return found;
  }
  throw new Error('It was not seen in time.');
}

function commentOf(query: string, spans: readonly ReceivedSpan[]): ReceivedSpan | undefined {
  const [, traceId, spanId] = /\/\*traceparent='00-([0-9a-f]{32})-([0-9a-f]{16})-01'\*\/$/.exec(query) ?? [];
  return spans.find((span) => span.traceId === traceId && span.spanId === spanId);
}

suite('SQL comments', () => {
  test('a sampled statement names its span, and no other does', async (t) => {
    const receiver = await startReceiver(t);
    const service = await startTestService(t, {
      engine: 'postgres',
      // One reader connection, so that its last statement belongs to the last request.
      environment: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, DATABASE_POOL_SIZE: '1' },
    });
    const direct = openDirectly(t, service.databaseUrl);
    const body = { name: 'Ada' };
    const { json } = await service.call<{ id: string }>('POST', '/customers', {
      body,
      headers: traceparent(unsampled, '00'),
    });
    const read = async (traceId: string, flags: string) => {
      await service.call('GET', `/customers/${json.id}`, { headers: traceparent(traceId, flags) });
      const queries = await shown(direct);
      return queries.find((query) => query.includes('FROM customers WHERE')) ?? '';
    };
    const before = await read(unsampled, '00');
    const traced = await read(sampled, '01');
    const after = await read(unsampled, '00');
    assert.ok(before !== '' && !before.includes('/*'), before);
    assert.equal(after, before);
    assert.equal(traced.replace(/ \/\*.*\*\/$/, ''), before);
    const committed = (await shown(direct)).filter((query) => query.startsWith('COMMIT'));
    assert.deepEqual(committed, ['COMMIT']);
    await service.call('PATCH', `/customers/${json.id}`, {
      body: JSON.stringify({ note: 'x' }),
      headers: { ...traceparent(sampled, '01'), 'Content-Type': 'application/merge-patch+json' },
    });
    const [commit = ''] = (await shown(direct)).filter((query) => query.startsWith('COMMIT'));
    await service.stop();
    assert.equal(commentOf(traced, receiver.spans)?.name, 'SELECT customers', traced);
    assert.equal(commentOf(traced, receiver.spans)?.traceId, sampled);
    assert.equal(commentOf(commit, receiver.spans)?.name, 'transaction', commit);
  });

  test('a statement that waits for a lock shows its trace', async (t) => {
    const receiver = await startReceiver(t);
    const environment = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url };
    const service = await startTestService(t, { engine: 'postgres', environment });
    const direct = openDirectly(t, service.databaseUrl);
    const { json } = await service.call<{ id: string }>('POST', '/customers', { body: { name: 'Ada' } });
    let waiting = '';
    let patched: Promise<unknown> | undefined;
    await direct.transaction(async (session) => {
      await session.run('SELECT 1 FROM customers WHERE id = ? FOR UPDATE', [json.id]);
      patched = service.call('PATCH', `/customers/${json.id}`, {
        body: JSON.stringify({ note: 'x' }),
        headers: { ...traceparent(sampled, '01'), 'Content-Type': 'application/merge-patch+json' },
      });
      const sql =
        "SELECT query FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
      waiting = await until(async () => (await select<{ query: string }>(direct, sql))[0]?.query);
    });
    await patched;
    await service.stop();
    const span = commentOf(waiting, receiver.spans);
    assert.equal(span?.traceId, sampled, waiting);
    assert.match(span.name, /customers/);
  });

  test('a commented statement leaves nothing prepared on the server', async (t) => {
    const receiver = await startReceiver(t);
    const service = await startTestService(t, {
      engine: 'postgres',
      environment: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url },
    });
    const direct = openDirectly(t, service.databaseUrl);
    const names = async () =>
      direct.read(async (session) => {
        await session.run('SELECT 1 AS one', [], "/*traceparent='00-x-y-01'*/");
        return session.run<{ statement: string }>('SELECT statement FROM pg_prepared_statements', []);
      });
    const prepared = (await names()).map(({ statement }) => statement);
    assert.deepEqual(
      prepared.filter((statement) => statement.includes('/*')),
      [],
    );
  });
});
