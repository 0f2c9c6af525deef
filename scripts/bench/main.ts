/** `npm run bench`: compares the service with alternatives. See docs/benchmarks.md. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { PostgresCluster } from '../../test/support/postgres-cluster.ts';
import { copyOf, filledFile, peersInstalled } from './databases.ts';
import { measureAtRest, measureFeed } from './feed-run.ts';
import { fillTo } from './fill.ts';
import { type GrowthPoint, growthRows, growthSizes, measureGrowthAt } from './growth.ts';
import { measureInstances } from './instances-run.ts';
import { inWords, type Measurement } from './measurement.ts';
import { startOnPostgres, startPostgres } from './postgres-run.ts';
import { assertMeasurable } from './process-figures.ts';
import { progress, tell } from './progress.ts';
import { writeReport } from './report.ts';
import { measureLatency, measureRequests } from './requests-run.ts';
import { addResults, readResults } from './results.ts';
import { repository } from './servers.ts';
import { startOnSqlite } from './sqlite-run.ts';
import { postgresTargets, sqliteTargets } from './targets.ts';
import { measureBesideImport, measureTransfer } from './transfer-run.ts';

const usage = `npm run bench -- [--full] [--write] [--growth [--up-to N] [--postgres]] [--instances] [--report] [--install]

  (nothing)  a quick form of some 3 minutes; with --write it replaces what it measures in the report
  --full     every target, some 20 minutes; writes docs/benchmarks.md
  --growth   how figures grow with the number of customers, up to 1,000,000 or what --up-to says; writes them too
  --instances  two instances beside one, behind nginx on one PostgreSQL, some 4 minutes; with --write also in the report
  --report   writes docs/benchmarks.md again from the last results
  --install  installs the peers first (scripts/bench/package-lock.json; it compiles better-sqlite3 where it must)
`;

const { values } = parseArgs({
  options: {
    full: { type: 'boolean', default: false },
    growth: { type: 'boolean', default: false },
    'up-to': { type: 'string', default: '1000000' },
    postgres: { type: 'boolean', default: false },
    instances: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    report: { type: 'boolean', default: false },
    install: { type: 'boolean', default: false },
    customers: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) process.stdout.write(usage);
else if (values.report) writeReport(readResults());
else await bench();

async function bench(): Promise<void> {
  assertMeasurable();
  if (values.install) install();
  else if (!peersInstalled()) throw new Error('The peers are not installed yet: npm run bench -- --install');
  execFileSync('npm', ['run', '-s', 'build'], { cwd: repository, stdio: 'inherit' });
  if (values.instances) await compareInstances(Number(values.customers ?? 20_000));
  else if (values.growth) await grow(Number(values['up-to']), values.postgres);
  else await compare(values.full, Number(values.customers ?? (values.full ? 100_000 : 20_000)));
  tell('');
}

function install(): void {
  const folder = join(repository, 'scripts', 'bench');
  // Most installations of Node include its headers; otherwise node-gyp would download them.
  const nodedir = join(process.execPath, '..', '..');
  execFileSync('npm', ['ci'], {
    cwd: folder,
    stdio: 'inherit',
    env: { ...process.env, npm_config_nodedir: nodedir },
  });
}

async function compare(full: boolean, customers: number): Promise<void> {
  const scale = full
    ? { customers, rounds: 4, seconds: 3, warmUpSeconds: 6 }
    : { customers, rounds: 2, seconds: 1, warmUpSeconds: 3 };
  const rows: Measurement[] = [];
  const add = (measured: readonly Measurement[]) => {
    for (const row of measured) tell(inWords(row));
    rows.push(...measured);
  };
  tell(
    full
      ? 'The full form takes some 20 minutes.'
      : 'The quick form takes some 3 minutes; see --help for others.',
  );

  const onSqlite = await startOnSqlite(scale.customers);
  const sqlite = { ...scale, servers: onSqlite, targets: sqliteTargets, database: 'SQLite' };
  add(await measureRequests(sqlite));
  add(await measureLatency(sqlite));
  for (const server of onSqlite) await server.stop();

  const cluster = await startPostgres(scale.customers);
  try {
    const servers = await startOnPostgres(cluster);
    add(await measureRequests({ ...scale, servers, targets: postgresTargets, database: 'PostgreSQL' }));
    for (const server of servers) await server.stop();
  } finally {
    await cluster.stop();
  }

  add(await measureAtRest(scale.customers, scale.rounds));
  if (!full) {
    if (values.write)
      writeReport(addResults('The quick form, but for rows that only the full one has', rows, []));
    return;
  }
  add(await measureFeed(scale.customers));
  add(await measureBesideImport(scale.customers, 200_000));
  add(await measureTransfer(100_000));
  writeReport(addResults('The full form', rows, []));
}

async function compareInstances(customers: number): Promise<void> {
  const rows = await measureInstances(customers);
  for (const row of rows) tell(inWords(row));
  if (values.write) writeReport(addResults(readResults().form, rows, []));
}

async function grow(largest: number, postgres: boolean): Promise<void> {
  const sizes = growthSizes.filter((size) => size <= largest);
  const cluster = postgres ? await startPostgres(0) : undefined;
  const points: GrowthPoint[] = [];
  try {
    for (const size of sizes) {
      const measured = await measureGrowthAt(await databaseOf(size, cluster), nameOf(cluster), size, 2);
      points.push(...measured);
      addResults('', [], measured);
    }
  } finally {
    await cluster?.stop();
  }
  const { growth } = readResults();
  const rows = growthRows(growth);
  for (const row of rows) tell(inWords(row));
  if (largest >= 1_000_000 && !postgres) rows.push(...(await measureTransfer(1_000_000)));
  writeReport(addResults(readResults().form, rows, points));
}

function nameOf(cluster: object | undefined): string {
  return cluster ? 'PostgreSQL' : 'SQLite';
}

/** A file for each size, which is filled once; one server for all, which is filled on. */
async function databaseOf(size: number, cluster: PostgresCluster | undefined): Promise<string> {
  if (!cluster) return `sqlite:${copyOf(await filledFile(size), 'growth')}`;
  await fillTo(cluster.url, size, (done) => progress(`filling PostgreSQL: ${done} of ${size}`));
  return cluster.url;
}
