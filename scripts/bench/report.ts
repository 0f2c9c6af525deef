/** Writes docs/benchmarks.md and its charts from the results. Whatever is said there comes from here. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { barChart } from './bar-chart.ts';
import { type GrowthPoint, growthSizes } from './growth.ts';
import { growthChart } from './growth-chart.ts';
import type { Measurement } from './measurement.ts';
import type { Results } from './results.ts';
import { repository } from './servers.ts';

export function writeReport(results: Results): void {
  const docs = join(repository, 'docs');
  writeFileSync(join(docs, 'benchmarks-cpu.svg'), barChart(results.rows));
  const growing = results.growth.length > 0;
  if (growing) writeFileSync(join(docs, 'benchmarks-growth.svg'), growthChart(results.growth));
  const sections = [
    introduction(results),
    '![CPU time of a request, of the service and of its peers](benchmarks-cpu.svg)\n',
    '## Targets\n',
    table(results.rows.filter(({ id }) => !id.startsWith('growth'))),
    conditions,
    ...(growing ? growthSection(results) : []),
  ];
  writeFileSync(join(docs, 'benchmarks.md'), `${sections.join('\n').trimEnd()}\n`);
}

function introduction({ measuredAt, machine, form, rows }: Results): string {
  const reached = rows.filter((row) => row.reached).length;
  return `# Benchmarks

Written by \`npm run bench\`; do not edit. ${form}, ${measuredAt}, on ${machine}.
${reached} of ${rows.length} targets are reached. A missed one stays in the table as missed, and
[performance.md](performance.md) says why.

A ratio is that of two processes measured side by side in one run, in turns, so that what the machine does meanwhile hits
both. It is the median over the rounds, with the least and the greatest behind it. What decides is the CPU time of
the server's process for a request, as the kernel counts it: requests per second depend on what else a
machine does. Both are shown.
`;
}

function table(rows: readonly Measurement[]): string {
  const lines = rows.map(
    ({ what, against, target, ratio, spread: [least, greatest], reached, ours, theirs }) =>
      `| ${what} | ${against} | ${target} | ${ratio.toFixed(2)}x | ${least.toFixed(2)}-${greatest.toFixed(2)} | ` +
      `${ours} | ${theirs} | ${reached ? 'reached' : '**missed**'} |`,
  );
  const head =
    '| What | Against | Target | Measured | Spread | Service | Other | |\n|---|---|---|---|---|---|---|---|';
  return `${head}\n${lines.join('\n')}\n`;
}

const conditions = `## What is on, and what is compared

The service runs as \`npm start\` runs it, with everything on: an API key on every request, the contract enforced,
request ids, an access log of one JSON line a request to a file, metrics, rate limits (counted and reported), security headers,
entity tags, history and feed rows, the search index. SQLite at \`synchronous=FULL\`, PostgreSQL at
\`synchronous_commit=on\`, for every server. 32 connections, requests for 5,000 different customers, or for 200
different pages of 20 in turns at random (equal pages that are asked for at once are one query of the service, so that
the row with the same page for all says little of others); "latency" has one connection.
Peers know no Idempotency-Key: the keyed POST of the service stands against their plain one.

- *The same packages wired as their READMEs show*: express, express-openapi-validator with the same contract, Knex's query
  builder, sqlite3 with its default pool. No authentication, log, metrics, history; one table, plus the same search index.
- *Fastify + better-sqlite3 by hand, minimal*: compiled schemas, prepared statements, one table with three indexes, nothing else.
- *equal work*: the same, on a copy of the service's own database: all its tables, indexes and history, one transaction a request.
- *node:http + better-sqlite3 with nothing*: no router and no validation. The limit.
- *Fastify + pg*: one table, one prepared query a request.

Before a run each peer has to show that it reads, lists, pages, creates and changes what it says. They are in
\`scripts/bench/peers/\` with a package.json of their own.
`;

function growthSection({ growth, rows }: Results): string[] {
  const missed = rows.filter(({ id, reached }) => id.startsWith('growth') && !reached);
  const promised = rows.filter(({ id }) => id.startsWith('growth'));
  const databases = [...new Set(growth.map(({ database }) => database))];
  return [
    '## Growth\n',
    'From two callers at once: median and 99th percentile in milliseconds, and CPU time of the service. Each should be flat.\n',
    '![99th percentile of each request by number of customers](benchmarks-growth.svg)\n',
    ...databases.map((database) =>
      growthTable(
        database,
        growth.filter((point) => point.database === database),
      ),
    ),
    `${promised.length - missed.length} of ${promised.length} promises about growth are kept (p99 of reads and filters at most 1.5x of 10,000 customers;`,
    '`q` with 50 hits at most 5x a GET of one, with a tenth of all at most 10x).\n',
    ...(missed.length > 0 ? ['Missed:\n', table(missed)] : []),
  ];
}

function growthTable(database: string, points: readonly GrowthPoint[]): string {
  const sizes = growthSizes.filter((size) => points.some(({ customers }) => customers === size));
  const names = [...new Set(points.map(({ what }) => what))];
  const cell = (what: string, size: number) => {
    const point = points.find((one) => one.what === what && one.customers === size);
    if (!point) return '';
    return `${(point.p50Us / 1000).toFixed(2)} / ${(point.p99Us / 1000).toFixed(2)} ms, ${point.cpuUs.toFixed(0)} µs`;
  };
  const head = `| ${database} | ${sizes.map((size) => size.toLocaleString('en')).join(' | ')} |`;
  const lines = names.map((what) => `| ${what} | ${sizes.map((size) => cell(what, size)).join(' | ')} |`);
  return `${head}\n|---|${sizes.map(() => '---').join('|')}|\n${lines.join('\n')}\n`;
}
