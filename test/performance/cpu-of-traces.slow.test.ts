/**
 * The CPU time that tracing adds to a GET: for all requests, a tenth and none, measured in turns. The figures
 * are for docs/observability.md; the test fails only if the cost multiplies.
 */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { loadConfig } from '../../src/config/config.ts';
import { migrate } from '../../src/storage/open.ts';
import { describeEngines, freshDatabaseUrl } from '../support/engines.ts';
import { startReceiver } from '../telemetry/otlp-receiver.ts';
import { cpuUsOfTurn, createCustomers, startMeasured, type Target } from './cpu-of-requests.ts';

const warmUpRequests = 8000;
const requestsPerTurn = 4000;
const turns = 8;
/** Relative to a GET without traces. */
const multipleMax = 4;

const shares = { off: undefined, tenth: '0.1', all: '1' };
type Share = keyof typeof shares;

const skip = !existsSync('/proc/self/schedstat') && 'CPU time is read from /proc';

describeEngines('CPU time of traces', (engine) => {
  test('compared with a GET without traces', { skip }, async (t) => {
    const collector = await startReceiver(t, 202);
    const targets = new Map<Share, Target>();
    for (const [share, ratio] of Object.entries(shares) as [Share, string | undefined][]) {
      const databaseUrl = await freshDatabaseUrl(t, engine);
      if (engine === 'postgres') await migrate(loadConfig({ DATABASE_URL: databaseUrl }).database);
      const traced = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_TRACES_SAMPLER: 'traceidratio' };
      const environment = ratio === undefined ? {} : { ...traced, OTEL_TRACES_SAMPLER_ARG: ratio };
      const service = await startMeasured(t, databaseUrl, environment);
      targets.set(share, { ...service, path: `/customers/${await createCustomers(service.url)}` });
    }
    const taken: Record<Share, number[]> = { off: [], tenth: [], all: [] };
    for (const target of targets.values()) await cpuUsOfTurn(target, warmUpRequests);
    for (let turn = 0; turn < turns; turn += 1) {
      for (const [share, target] of targets) taken[share].push(await cpuUsOfTurn(target, requestsPerTurn));
    }
    const best = (share: Share) => Math.min(...taken[share]);
    for (const share of ['tenth', 'all'] as const) {
      const multiple = best(share) / best('off');
      t.diagnostic(
        `${share}: ${best(share).toFixed(0)} µs, ${multiple.toFixed(2)} times ${best('off').toFixed(0)} µs`,
      );
      assert.ok(multiple < multipleMax);
    }
  });
});
