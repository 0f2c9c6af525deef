/**
 * A real Prometheus scrapes the service on both databases, and each dashboard query, alert and recording rule
 * must find its metrics. Grafana is not available, so its JSON is checked against the types of
 * @grafana/schema.
 *
 * Planted, and each failed: a metric renamed in the service, a panel without gridPos, an alert without its
 * test, a threshold changed.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { loadConfig } from '../../src/config/config.ts';
import { startService } from '../../src/service.ts';
import { migrate } from '../../src/storage/open.ts';
import { afterwards, type Cleanup } from '../support/cleanup.ts';
import { compileTexts } from '../support/compile-texts.ts';
import { until } from '../support/credentials.ts';
import { type EngineName, engines, freshDatabaseUrl } from '../support/engines.ts';
import { prometheusFolder, startPrometheus, withoutPrometheus } from './prometheus-process.ts';

const dashboardFile = fileURLToPath(
  new URL('../../deploy/grafana/dashboards/customers.json', import.meta.url),
);
const dashboardText = readFileSync(dashboardFile, 'utf8');
const dashboard = JSON.parse(dashboardText) as {
  readonly panels: readonly {
    readonly title: string;
    readonly targets: readonly { readonly expr: string }[];
  }[];
};

interface Rule {
  readonly alert?: string;
  readonly record?: string;
  readonly expr: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

const rulesOf = (name: string): readonly Rule[] =>
  parse(readFileSync(`${prometheusFolder}rules/${name}.yml`, 'utf8')).groups.flatMap(
    ({ rules }: { rules: readonly Rule[] }) => rules,
  );
const alerts = rulesOf('alerts');
const recordings = rulesOf('recordings');

suite('rules', { skip: withoutPrometheus() }, () => {
  test('are accepted by promtool and pass their tests', () => {
    const promtool = (...args: string[]) =>
      execFileSync('promtool', args, {
        cwd: prometheusFolder,
        encoding: 'utf8',
        stdio: 'pipe',
        timeout: 60_000,
      });
    assert.match(promtool('check', 'config', 'prometheus.yml'), /SUCCESS/);
    promtool('test', 'rules', 'tests/alerts.test.yml');
  });

  test('each have one test that fires and one that does not, and say what to do', (t) => {
    const { tests } = parse(readFileSync(`${prometheusFolder}tests/alerts.test.yml`, 'utf8')) as {
      readonly tests: readonly { alert_rule_test: [{ alertname: string; exp_alerts: readonly unknown[] }] }[];
    };
    for (const { alert, annotations } of alerts) {
      const own = tests.map((each) => each.alert_rule_test[0]).filter(({ alertname }) => alertname === alert);
      assert.deepEqual(own.map(({ exp_alerts }) => exp_alerts.length).sort(), [0, 1], alert);
      assert.ok(annotations?.summary && annotations.action, alert);
    }
    t.diagnostic(`${alerts.length} alerts, ${tests.length} tests`);
  });
});

test("the dashboard matches Grafana's types", () => {
  const name = dashboardFile.replace('.json', '.ts');
  const text = `import type { Dashboard } from '@grafana/schema';\nexport const it: Dashboard = ${dashboardText};\n`;
  assert.deepEqual(compileTexts(new Map([[name, text]])).get(name), []);
  const titles = dashboard.panels.map(({ title }) => title);
  assert.equal(new Set(titles).size, titles.length);
});

test('every query of the dashboard and the rules finds its metrics', {
  skip: withoutPrometheus(),
}, async (t) => {
  const services = await Promise.all(engines.map((engine) => startScraped(t, engine)));
  const prometheus = await startPrometheus(
    t,
    services.map(({ metricsUrl }) => new URL(metricsUrl).host),
  );
  const streams = await Promise.all(services.map(({ url }) => openStream(t, url)));
  // A counter appears with its first request, and a rate needs a sample before and after.
  for (const { url } of services) await useAll(url);
  const scrapes = async () =>
    (await prometheus.query('min(count_over_time(up{job="customers"}[5m]))'))[0]?.value ?? 0;
  await until(async () => (await scrapes()) >= 3, 60_000, 250);
  for (const { url } of services) await useAll(url);
  const seen = (await scrapes()) + 3;
  await until(async () => (await scrapes()) >= seen, 60_000, 250);
  assert.equal(streams.length, engines.length);

  const queries = dashboard.panels.flatMap(({ title, targets }) =>
    targets.map(({ expr }) => [title, expr] as const),
  );
  for (const [title, expr] of queries) {
    const asked = expr.replaceAll('$__rate_interval', '1m').replaceAll('$instance', '.*');
    const samples = await prometheus.query(asked);
    assert.ok(
      samples.some(({ value }) => Number.isFinite(value)),
      `${title} has no data: ${asked}`,
    );
  }
  for (const { record } of recordings) {
    await until(
      async () => (await prometheus.query(String(record))).some(({ value }) => Number.isFinite(value)),
      30_000,
      250,
    );
  }
  const metrics = new Set(
    alerts.flatMap(({ expr }) => expr.replaceAll(/\{[^}]*\}/g, '').match(/\b[a-z]+[_:][\w:]+|\bup\b/g) ?? []),
  );
  for (const metric of metrics)
    assert.ok((await prometheus.query(metric)).length > 0, `an alert uses ${metric}`);
  const firing = await prometheus.query('ALERTS{alertstate="firing"}');
  assert.deepEqual(firing, [], 'a healthy service fires no alert');
  t.diagnostic(
    `${queries.length} queries, ${recordings.length} recordings, ${metrics.size} metrics of ${alerts.length} alerts`,
  );
});

async function startScraped(
  cleanup: Cleanup,
  engine: EngineName,
): Promise<{ url: string; metricsUrl: string }> {
  const settings = { PORT: '0', LOG_LEVEL: 'silent', METRICS_PORT: '0', RATE_LIMIT_PER_MINUTE: '60' };
  const config = loadConfig({ ...settings, DATABASE_URL: await freshDatabaseUrl(cleanup, engine) });
  if (engine === 'postgres') await migrate(config.database);
  const service = await startService(config);
  afterwards(cleanup, () => service.stop());
  return { url: service.url, metricsUrl: String(service.metricsUrl) };
}

async function openStream(cleanup: Cleanup, url: string): Promise<Response> {
  const ending = new AbortController();
  afterwards(cleanup, () => ending.abort());
  return fetch(`${url}/changes`, { headers: { Accept: 'text/event-stream' }, signal: ending.signal });
}

/** Sends reads, writes and requests that are refused, the last by the number of requests. */
async function useAll(url: string): Promise<void> {
  for (let turn = 0; turn < 40; turn++) {
    const headers = { 'Content-Type': 'application/json' };
    await fetch(`${url}/customers`, { method: 'POST', headers, body: '{"name":"Ada Lovelace"}' });
    await (await fetch(`${url}/customers`)).arrayBuffer();
  }
}
