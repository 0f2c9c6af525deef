/** The results of the last runs, so that the report holds the full run and the growth run at once. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import { join } from 'node:path';
import type { GrowthPoint } from './growth.ts';
import { generator } from './load.ts';
import type { Measurement } from './measurement.ts';
import { repository } from './servers.ts';

export interface Results {
  readonly measuredAt: string;
  readonly machine: string;
  readonly form: string;
  readonly rows: readonly Measurement[];
  readonly growth: readonly GrowthPoint[];
}

const file = join(repository, 'docs', 'benchmarks.json');

export function readResults(): Results {
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as Results;
  return { measuredAt: '', machine: '', form: '', rows: [], growth: [] };
}

/** A row that was measured again replaces the one before; others stay. */
export function addResults(
  form: string,
  rows: readonly Measurement[],
  growth: readonly GrowthPoint[],
): Results {
  const known = readResults();
  const keyOf = (point: GrowthPoint) => `${point.database} ${point.customers} ${point.what}`;
  const results: Results = {
    measuredAt: new Date().toISOString().slice(0, 10),
    machine: `${cpus().length} cores (${cpus()[0]?.model.trim()}), ${Math.round(totalmem() / 2 ** 30)} GB, Node ${process.versions.node}, ${process.platform}, load by ${generator}, load average ${loadavg()[2]?.toFixed(0)} from all that runs there`,
    form: rows.length > 0 ? form : known.form,
    rows: merged(known.rows, rows, ({ id }) => id),
    growth: merged(known.growth, growth, keyOf),
  };
  writeFileSync(file, `${JSON.stringify(results, null, 1)}\n`);
  return results;
}

function merged<T>(before: readonly T[], after: readonly T[], keyOf: (one: T) => string): T[] {
  return [...new Map([...before, ...after].map((one) => [keyOf(one), one])).values()];
}
