/**
 * A collector that is down, refuses or never responds does not affect the service: requests succeed, lost
 * spans are counted, the log reports it once, and the service stops in time.
 *
 * Planted, and each failed: `stop` without its deadline; a log line for each failed export; an unbounded
 * queue.
 */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { TracerProvider } from '@opentelemetry/sdk-trace';
import { createSpanQueue } from '../../src/telemetry/opentelemetry.ts';
import type { SpanOutcome } from '../../src/telemetry/tracing.ts';
import { startServiceProcess } from '../hostile/service-process.ts';
import { freePort } from '../support/free-port.ts';
import { type Answer, startReceiver } from './otlp-receiver.ts';

const troubles: readonly (readonly [string, Answer | 'down'])[] = [
  ['is not there', 'down'],
  ['answers 500', 500],
  ['never answers', 'never'],
];

/** The flush has one second and an export five; the rest is for a busy machine. */
const stopMs = 4500;

// On one database, because the exporter does not depend on it.
suite('a collector', () => {
  for (const [what, answer] of troubles) {
    test(`that ${what} affects neither requests nor the stop`, async (t) => {
      const url =
        answer === 'down' ? `http://127.0.0.1:${await freePort()}` : (await startReceiver(t, answer)).url;
      const service = await startServiceProcess(t, 'sqlite', { env: { OTEL_EXPORTER_OTLP_ENDPOINT: url } });
      const statuses = new Set<number>();
      const ask = async () => {
        for (let round = 0; round < 25; round += 1) {
          const reply = await fetch(`${service.url}/customers`);
          await reply.arrayBuffer();
          statuses.add(reply.status);
        }
      };
      await Promise.all(Array.from({ length: 8 }, ask));
      assert.deepEqual([...statuses], [200]);
      const startedAt = performance.now();
      const { code, stdout, stderr } = await service.stop();
      const tookMs = performance.now() - startedAt;
      assert.equal(code, 0, stderr);
      const reports = stdout.split('\n').filter((line) => line.includes('traces cannot be sent'));
      t.diagnostic(`200 requests; stopped in ${tookMs.toFixed(0)} ms; ${reports.length} log lines about it`);
      assert.ok(tookMs < stopMs);
      assert.equal(reports.length, 1, reports.join('\n'));
    });
  }
});

test('unexported spans are bounded, and each is counted', async (t) => {
  const counts: Record<SpanOutcome, number> = { exported: 0, failed: 0, dropped: 0 };
  const health: boolean[] = [];
  const answers: ((code: number) => void)[] = [];
  const queue = createSpanQueue(
    {
      // An exporter that finishes when the test says so.
      export: (_spans, done) => void answers.push((code) => done({ code })),
      shutdown: async () => {},
    },
    {
      onSpans: (outcome, count) => {
        counts[outcome] += count;
      },
      onHealth: (reason) => health.push(reason === undefined),
    },
  );
  const tracer = new TracerProvider({ spanProcessors: [queue] }).getTracer('test');
  for (let index = 0; index < 20_000; index += 1) tracer.startSpan('span').end();
  // One export is in progress, and the queue behind it is full.
  assert.deepEqual(counts, { exported: 0, failed: 0, dropped: 20_000 - 512 - 8192 });
  answers[0]?.(1);
  assert.deepEqual(counts, { exported: 0, failed: 512, dropped: 20_000 - 512 - 8192 });
  assert.deepEqual(health, [false]);
  const flushed = queue.forceFlush();
  for (let turn = 1; turn < answers.length; turn += 1) answers[turn]?.(0);
  await flushed;
  t.diagnostic(JSON.stringify(counts));
  assert.equal(counts.exported + counts.failed + counts.dropped, 20_000);
  assert.deepEqual(health, [false, true]);
});
