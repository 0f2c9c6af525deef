/** `npm run bench`: the service beside what one would write or use instead. See docs/benchmarks.md. */
import { parseArgs } from 'node:util';
import { type Measurement, inWords } from './measurement.ts';
import { tell } from './progress.ts';
import { assertMeasurable } from './process-figures.ts';
import { measureLatency, measureRequests } from './requests-run.ts';
import { startOnSqlite } from './sqlite-run.ts';
import { sqliteTargets } from './targets.ts';

const { values } = parseArgs({ options: { full: { type: 'boolean', default: false } } });
assertMeasurable();
const scale = values.full ? { customers: 100_000, rounds: 5, seconds: 4 } : { customers: 20_000, rounds: 3, seconds: 1 };
const rows: Measurement[] = [];
const servers = await startOnSqlite(scale.customers);
const run = { ...scale, servers, targets: sqliteTargets, database: 'SQLite' };
rows.push(...(await measureRequests(run)), ...(await measureLatency(run)));
for (const row of rows) tell(inWords(row));
for (const server of servers) await server.stop();
