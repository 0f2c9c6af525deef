/** The rows about import and export, and about requests while an import runs. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, createWriteStream, existsSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { copyOf, createApiKey, filledFile, removeFile, runPeer } from './databases.ts';
import { customerOf } from './dataset.ts';
import { type LoadResult, putLoad } from './load.ts';
import { type Measurement, measurement } from './measurement.ts';
import { headersFor, requestsFor } from './operations.ts';
import { memoryMb } from './process-figures.ts';
import { progress } from './progress.ts';
import { benchFolder, repository, startService } from './servers.ts';

interface Transfer {
  readonly rows: number;
  readonly perSecond: number;
  readonly peakMb: number;
}

const memoryTargetMb = 200;

export async function measureTransfer(lines: number): Promise<Measurement[]> {
  const source = await sourceOf(lines);
  const empty = await filledFile(0);
  progress(`importing ${lines} lines`);
  const ours = await runCommand(['import', source], copyOf(empty, 'import'), lines);
  progress(`importing ${lines} lines with a loop written by hand`);
  const loop = JSON.parse(await runPeer('import-loop.js', [copyOf(empty, 'import-loop'), source]));
  const loopPerSecond = (loop.rows / loop.ms) * 1000;
  const imported = join(benchFolder, 'import.db');
  progress(`exporting ${lines} customers`);
  const target = join(benchFolder, 'export.ndjson');
  removeFile(target);
  const exported = await runCommand(['export', target], imported, lines);
  const shell = await exportByShell(imported, lines);
  return [
    measurement(
      {
        id: `import ${lines}`,
        what: `import of ${lines} NDJSON lines into SQLite, rows a second`,
        against: 'a loop over better-sqlite3 written by hand, same tables and indexes, nothing validated',
        ours: `${ours.perSecond.toFixed(0)}/s`,
        theirs: `${loopPerSecond.toFixed(0)}/s`,
      },
      [ours.perSecond / loopPerSecond],
      { atLeast: 0.6 },
    ),
    memoryRow(`import of ${lines} lines`, ours),
    ...(shell ? [exportRow(lines, exported, shell)] : []),
    memoryRow(`export of ${lines} customers`, exported),
  ];
}

function exportRow(lines: number, exported: Transfer, shellPerSecond: number): Measurement {
  const row = {
    id: `export ${lines}`,
    what: `export of ${lines} customers as NDJSON, rows a second`,
    against: 'the sqlite3 shell printing the same JSON',
    ours: `${exported.perSecond.toFixed(0)}/s`,
    theirs: `${shellPerSecond.toFixed(0)}/s`,
  };
  return measurement(row, [exported.perSecond / shellPerSecond], { atLeast: 0.6 });
}

function memoryRow(what: string, { peakMb }: Transfer): Measurement {
  const row = {
    id: `memory ${what}`,
    what: `memory of the ${what}`,
    against: `${memoryTargetMb} MB`,
    ours: `${peakMb.toFixed(0)} MB at its highest`,
    theirs: `${memoryTargetMb} MB`,
  };
  return measurement(row, [peakMb / memoryTargetMb], { atMost: 1 });
}

async function sourceOf(lines: number): Promise<string> {
  const file = join(benchFolder, `customers-${lines}.ndjson`);
  if (existsSync(file)) return file;
  const stream = createWriteStream(file);
  for (let index = 0; index < lines; index += 1) {
    if (!stream.write(`${JSON.stringify(customerOf(index))}\n`)) await once(stream, 'drain');
  }
  stream.end();
  await once(stream, 'close');
  return file;
}

/** Runs the service's command on a database, and watches its memory. */
async function runCommand(args: readonly string[], file: string, rows: number): Promise<Transfer> {
  const startedAt = performance.now();
  const child = spawn(process.execPath, ['dist/main.js', ...args], {
    cwd: repository,
    env: { PATH: process.env.PATH, UV_THREADPOOL_SIZE: '16', DATABASE_URL: `sqlite:${file}` },
    stdio: 'ignore',
  });
  let peakMb = 0;
  const watching = setInterval(() => {
    // A process that is just ending has no figures any more.
    const { peak } = memoryMb(child.pid as number);
    if (peak > peakMb) peakMb = peak;
  }, 20);
  const [code] = await once(child, 'exit');
  clearInterval(watching);
  if (code !== 0) throw new Error(`customers ${args.join(' ')} ended with ${code}.`);
  return { rows, peakMb, perSecond: (rows / (performance.now() - startedAt)) * 1000 };
}

async function exportByShell(file: string, rows: number): Promise<number | undefined> {
  const shell = await promisify(execFile)('sqlite3', ['-version']).catch(() => undefined);
  if (!shell) return undefined;
  progress(`exporting ${rows} customers with the sqlite3 shell`);
  const { customerExpression } = await import('../../src/storage/sql/projection.ts');
  const { sqlite } = await import('../../src/storage/sqlite/dialect.ts');
  const sql = `SELECT ${customerExpression(sqlite, 'customers')} FROM customers WHERE deleted_at IS NULL ORDER BY ordinal`;
  const output = openSync(join(benchFolder, 'shell.ndjson'), 'w');
  const startedAt = performance.now();
  const child = spawn('sqlite3', [file, sql], { stdio: ['ignore', output, 'inherit'] });
  await once(child, 'exit');
  closeSync(output);
  return (rows / (performance.now() - startedAt)) * 1000;
}

/** How much longer requests take at their slowest while lines are imported through the running service. */
export async function measureBesideImport(customers: number, lines: number): Promise<Measurement[]> {
  const file = copyOf(await filledFile(customers), 'beside');
  const service = await startService('beside', `sqlite:${file}`, await createApiKey(`sqlite:${file}`));
  const source = await freshLines(lines);
  const rows: Measurement[] = [];
  for (const operation of ['get', 'post'] as const) {
    const put = (seconds: number): Promise<LoadResult> =>
      putLoad(service.url, {
        requests: requestsFor(operation, customers),
        headers: { ...headersFor(operation), ...service.headers },
        connections: 8,
        seconds,
      });
    progress(`${operation} without and beside an import`);
    await put(3);
    const quiet = await put(5);
    const upload = startUpload(service.url, source, String(service.headers.Authorization), operation);
    const busy = await put(5);
    if (upload.exitCode !== null) throw new Error('The import was over before the measurement was.');
    upload.kill();
    await once(upload, 'exit');
    const row = {
      id: `beside import ${operation}`,
      what: `p99 of ${operation === 'get' ? 'GET one' : 'POST'} while lines are imported`,
      against: 'without the import',
      ours: `${(busy.p99Us / 1000).toFixed(1)} ms`,
      theirs: `${(quiet.p99Us / 1000).toFixed(1)} ms`,
    };
    rows.push(measurement(row, [busy.p99Us / quiet.p99Us], { atMost: 3 }));
  }
  await service.stop();
  return rows;
}

/** Each upload has other customers, or the second would change nothing. */
function startUpload(url: string, source: string, authorization: string, mark: string): ChildProcess {
  const script = `sed 's/"crm-/"${mark}-/; s/"email":"c/"email":"${mark}/' '${source}' | curl -sS -o /dev/null -X POST -H 'Content-Type: application/x-ndjson' -H 'Authorization: ${authorization}' -T - '${url}/customers/import'`;
  return spawn('/bin/sh', ['-c', `exec 0</dev/null; ${script}`], { stdio: 'ignore' });
}

const freshLines = (lines: number): Promise<string> => sourceOf(lines);
