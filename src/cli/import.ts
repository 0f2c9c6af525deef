import { importCustomers, type LineResult } from '../bulk/import.ts';
import type { Config } from '../config/config.ts';
import type { CustomerStore } from '../domain/customer-store.ts';
import { Failure } from '../domain/failures.ts';
import { newUuid } from '../runtime/uuid.ts';
import { DatabaseInUseError } from '../storage/errors.ts';
import { openToServe } from '../storage/open.ts';
import { createStorage } from '../storage/storage.ts';
import { type BulkSource, formatOf, mediaTypeOf, openSink, openSource } from './bulk-file.ts';
import { CliError, Interrupted, type Interruption, watchInterruption } from './exit.ts';
import { ratePerSecond, startProgress } from './progress.ts';

export interface ImportOptions {
  readonly format?: string;
  readonly validateOnly?: boolean;
  readonly failures?: string;
}

/** How long a line may wait in the write queue. */
const lineTimeoutMs = 60_000;

/** The actor recorded in the history of the customers. */
const actor = 'customers import';

/** Imports the customers of a file. The exit code is 1 if a line was refused. */
export async function importFromFile(config: Config, file: string, options: ImportOptions): Promise<void> {
  formatOf(file, options.format);
  const source = await openSource(file);
  const interruption = watchInterruption(source.close);
  const database = await openToServe(config.database, config.requestTimeoutMs).catch((error: unknown) => {
    throw error instanceof DatabaseInUseError ? inUse(error, config, file, options) : error;
  });
  const storage = await createStorage(database, { clock: Date.now, ids: newUuid });
  const report = await createImportReport(options.failures, options.validateOnly === true);
  try {
    await importAll(source, storage.customers, report, interruption, { file, options });
    report.conclude();
    process.exitCode = report.refused > 0 ? 1 : 0;
  } catch (error) {
    if (error instanceof Failure) throw new CliError(`${file}: ${describeRefusal(error)}`);
    if (!(error instanceof Interrupted)) throw error;
    process.exitCode = error.exitCode;
    report.conclude(error.message);
  } finally {
    await report.close();
    source.close();
    interruption.release();
    await storage.idle();
    await database.close();
  }
}

async function importAll(
  { bytes, sizeBytes }: BulkSource,
  customers: CustomerStore,
  report: ImportReport,
  interruption: Interruption,
  { file, options }: { readonly file: string; readonly options: ImportOptions },
): Promise<void> {
  let readBytes = 0;
  /** Stops between chunks when a signal arrives, so that no partial line is imported. */
  async function* watched(): AsyncGenerator<Uint8Array> {
    const iterator = bytes[Symbol.asyncIterator]();
    for (;;) {
      const next = await iterator.next().finally(interruption.check);
      if (next.done) return;
      readBytes += next.value.length;
      yield next.value;
    }
  }
  const requestId = newUuid();
  const records = formatOf(file, options.format).read(watched());
  const results = importCustomers(records, (command) =>
    customers.write(command, {
      actor,
      source: 'import',
      requestId,
      validateOnly: options.validateOnly === true,
      idempotency: undefined,
      deadlineMs: Date.now() + lineTimeoutMs,
    }),
  );
  for await (const batch of results) {
    await report.add(batch, sizeBytes ? readBytes / sizeBytes : undefined);
  }
}

/** SQLite has one writing process at a time. */
function inUse(
  error: DatabaseInUseError,
  { host, port }: Config,
  file: string,
  options: ImportOptions,
): Error {
  const query = options.validateOnly ? '?validateOnly=true' : '';
  const type = mediaTypeOf(file, options.format);
  const line = `curl -sS -X POST -H 'Content-Type: ${type}' -T '${file}' 'http://${host}:${port}/customers/import${query}'`;
  return new CliError(`${error.message}\nOr import through the service while it runs:\n\n  ${line}\n`);
}

/** Reports the progress and result of an import. */
export interface ImportReport {
  readonly refused: number;
  add(batch: readonly LineResult[], done: number | undefined): Promise<void>;
  /** Prints the summary, and why the import ended early if it did. */
  conclude(reason?: string): void;
  close(): Promise<void>;
}

/** Refused lines shown on standard error; a failures file has all of them. */
const toldMax = 20;

/** @param failuresFile the file for refused lines, as NDJSON. */
export async function createImportReport(
  failuresFile: string | undefined,
  validateOnly: boolean,
): Promise<ImportReport> {
  const failures = failuresFile === undefined ? undefined : await openSink(failuresFile);
  const counts = { created: 0, updated: 0, unchanged: 0, refused: 0 };
  const startedAt = performance.now();
  const progress = startProgress();
  const rows = () => Object.values(counts).reduce((sum, count) => sum + count, 0);

  async function tell(refused: readonly Refusal[]): Promise<void> {
    if (failures) {
      await failures.write(Buffer.from(refused.map(failureLine).join('')));
      return;
    }
    const left = Math.max(0, toldMax - counts.refused);
    for (const { line, failure } of refused.slice(0, left)) {
      progress.say(`line ${line}: ${describeRefusal(failure)}`);
    }
    if (counts.refused <= toldMax && counts.refused + refused.length > toldMax) {
      progress.say('More lines were refused: --failures FILE keeps all of them.');
    }
  }

  return {
    get refused() {
      return counts.refused;
    },
    async add(batch, done) {
      const refused = batch.filter((result) => result.outcome === 'refused');
      if (refused.length > 0) await tell(refused);
      for (const { outcome } of batch) counts[outcome] += 1;
      progress.update(rows(), done);
    },
    conclude(reason) {
      if (reason !== undefined) progress.say(`customers: ${reason}. What is counted below is stored.`);
      const { created, updated, unchanged, refused } = counts;
      const rate = ratePerSecond(rows(), performance.now() - startedAt);
      const parts = `${created} created, ${updated} updated, ${unchanged} unchanged, ${refused} refused`;
      progress.say(`${validateOnly ? 'Would be ' : ''}${parts} (${rate}).`);
    },
    async close() {
      progress.end();
      await failures?.complete();
    },
  };
}

type Refusal = Extract<LineResult, { readonly outcome: 'refused' }>;

function failureLine({ line, failure: { code, detail, errors = [] } }: Refusal): string {
  return `${JSON.stringify({ line, code, detail, errors })}\n`;
}

/** Describes a refusal without the refused value. */
export function describeRefusal({ code, detail, errors = [] }: Failure): string {
  const faults = errors.map((fault) => `${fault.pointer ?? fault.parameter} ${fault.detail}`);
  return `${code}: ${faults.length > 0 ? faults.join('; ') : detail}`;
}
