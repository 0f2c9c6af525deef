/**
 * The modules that a process loads, and the trace members of its log.
 *
 * Planted: a static import of `opentelemetry.ts`. 9 unwanted packages were loaded.
 */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { startServiceProcess } from '../hostile/service-process.ts';
import { startReceiver } from './otlp-receiver.ts';

/** Reports at exit which OpenTelemetry packages were loaded. */
const reportLoaded = `
  import { Module } from 'node:module';
  process.on('exit', () => {
    const names = Object.keys(Module._cache).map((path) => /node_modules.(@opentelemetry.[\\w-]+)/.exec(path)?.[1]);
    process.stderr.write('LOADED ' + JSON.stringify([...new Set(names.filter(Boolean))].sort()) + '\\n');
  });`;
const nodeFlags = ['--import', `data:text/javascript,${encodeURIComponent(reportLoaded)}`];

const loadedBy = ({ stderr }: { readonly stderr: string }): string[] =>
  JSON.parse(/LOADED (.*)/.exec(stderr)?.[1] ?? 'null');
const requestLine = ({ stdout }: { readonly stdout: string }, id: string) =>
  stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line))
    .find(({ requestId }) => requestId === id);

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const headers = { traceparent: `00-${traceId}-00f067aa0ba902b7-01`, 'X-Request-Id': 'traced' };

suite('a process', () => {
  test("without tracing loads nothing for it, and logs the caller's trace", async (t) => {
    const service = await startServiceProcess(t, 'sqlite', { nodeFlags });
    await fetch(`${service.url}/customers`, { headers });
    await fetch(`${service.url}/customers`, { headers: { 'X-Request-Id': 'untraced' } });
    const exit = await service.stop();
    // prom-client depends on the API package, which has no implementation.
    assert.deepEqual(loadedBy(exit), ['@opentelemetry/api']);
    const line = requestLine(exit, 'traced');
    assert.equal(line.trace_id, traceId);
    assert.ok(!('span_id' in line), 'there must be no span');
    assert.ok(!('trace_id' in requestLine(exit, 'untraced')));
  });

  test('with tracing loads it, and logs the span that the collector receives', async (t) => {
    const receiver = await startReceiver(t);
    const env = { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${receiver.url}/v1/traces` };
    const service = await startServiceProcess(t, 'sqlite', { nodeFlags, env });
    await fetch(`${service.url}/customers`, { headers });
    await fetch(`${service.url}/customers`, { headers: { 'X-Request-Id': 'ours' } });
    await fetch(`${service.url}/livez`, { headers: { 'X-Request-Id': 'probe' } });
    const exit = await service.stop();
    assert.equal(exit.code, 0, exit.stderr);
    assert.ok(loadedBy(exit).includes('@opentelemetry/sdk-trace'), String(loadedBy(exit)));
    t.diagnostic(`${loadedBy(exit).length} packages are loaded for tracing`);
    for (const id of ['traced', 'ours']) {
      const { trace_id, span_id } = requestLine(exit, id);
      const span = receiver.spans.find(({ attributes }) => attributes['customers.request_id'] === id);
      assert.deepEqual([trace_id, span_id], [span?.traceId, span?.spanId]);
    }
    assert.equal(requestLine(exit, 'traced').trace_id, traceId);
    assert.ok(!('trace_id' in requestLine(exit, 'probe')), 'there is nothing to find');
  });
});
