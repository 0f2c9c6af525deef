import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { endWithThisProcess } from '../support/child-processes.ts';
import { afterwards, type Cleanup } from '../support/cleanup.ts';
import { temporaryFolder } from '../support/folder-contents.ts';
import { freePort } from '../support/free-port.ts';

export const prometheusFolder = fileURLToPath(new URL('../../deploy/prometheus/', import.meta.url));

/** One series: its labels and latest value. */
export interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Prometheus {
  query(expression: string): Promise<readonly Sample[]>;
}

const readyTimeoutMs = 30_000;

/** Why Prometheus cannot run here; false if it can. */
export function withoutPrometheus(): string | false {
  const runs = (name: string) => spawnSync(name, ['--version']).status === 0;
  return runs('prometheus') && runs('promtool') ? false : 'Prometheus is not installed';
}

/**
 * Runs Prometheus with the configuration of deploy/prometheus/, except for its targets and scrape interval.
 */
export async function startPrometheus(cleanup: Cleanup, targets: readonly string[]): Promise<Prometheus> {
  const folder = await temporaryFolder(cleanup);
  cpSync(prometheusFolder, folder, { recursive: true });
  const file = join(folder, 'prometheus.yml');
  const configuration = readFileSync(file, 'utf8')
    .replace('["service:9464"]', JSON.stringify(targets))
    .replaceAll('_interval: 15s', '_interval: 1s');
  writeFileSync(file, configuration);
  const url = `http://127.0.0.1:${await freePort()}`;
  const flags = ['--config.file', file, '--storage.tsdb.path', join(folder, 'data'), '--log.level', 'error'];
  const child = spawn('prometheus', [...flags, '--web.listen-address', new URL(url).host], {
    stdio: 'ignore',
  });
  endWithThisProcess(child);
  afterwards(cleanup, async () => {
    if (child.exitCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  });
  const isReady = () =>
    fetch(`${url}/-/ready`).then(
      ({ ok }) => ok,
      () => false,
    );
  for (const deadline = performance.now() + readyTimeoutMs; !(await isReady()); await delay(100)) {
    if (child.exitCode !== null || performance.now() > deadline) throw new Error('Prometheus did not start.');
  }
  return { query: (expression) => query(url, expression) };
}

async function query(url: string, expression: string): Promise<readonly Sample[]> {
  const reply = await fetch(`${url}/api/v1/query?${new URLSearchParams({ query: expression })}`);
  const { status, error, data } = (await reply.json()) as {
    readonly status: string;
    readonly error?: string;
    readonly data?: { readonly result: readonly { metric: Sample['metric']; value: [number, string] }[] };
  };
  if (status !== 'success' || !data) throw new Error(`${expression}: ${error}`);
  return data.result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }));
}
