import type { Config } from '../config.ts';
import { Failure } from '../domain/failures.ts';
import type { CustomerStore } from '../domain/ports.ts';
import { newId } from '../operations/new-id.ts';
import { openToServe } from '../storage/database.ts';
import { createStorage } from '../storage/storage.ts';
import { DatabaseInUse } from '../storage/storage-problem.ts';
import { importCustomers } from '../transfer/import-customers.ts';
import { CommandProblem } from './command-problem.ts';
import { createImportReport, describeRefusal, type ImportReport } from './import-report.ts';
import { Interrupted, type Interruption, watchInterruption } from './interruption.ts';
import { formatOf, mediaTypeOf, openSource, type TransferSource } from './transfer-file.ts';

export interface ImportOptions {
  readonly format?: string;
  readonly validateOnly?: boolean;
  readonly failures?: string;
}

/** How long a line may wait for its turn to be written. */
const lineTimeoutMs = 60_000;

/** Who has made the changes, in the history of the customers. */
const actor = 'customers import';

/** Merges the customers of a file into the database. The exit code is 1 when a line was refused. */
export async function importFromFile(config: Config, file: string, options: ImportOptions): Promise<void> {
  formatOf(file, options.format);
  const source = await openSource(file);
  const interruption = watchInterruption(source.close);
  const database = await openToServe(config.database, config.requestTimeoutMs).catch((error: unknown) => {
    throw error instanceof DatabaseInUse ? inUse(error, config, file, options) : error;
  });
  const storage = await createStorage(database, { clock: Date.now, ids: newId });
  const report = await createImportReport(options.failures, options.validateOnly === true);
  try {
    await importAll(source, storage.customers, report, interruption, { file, options });
    report.conclude();
    process.exitCode = report.refused > 0 ? 1 : 0;
  } catch (error) {
    if (error instanceof Failure) throw new CommandProblem(`${file}: ${describeRefusal(error)}`);
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
  { bytes, sizeBytes }: TransferSource,
  customers: CustomerStore,
  report: ImportReport,
  interruption: Interruption,
  { file, options }: { readonly file: string; readonly options: ImportOptions },
): Promise<void> {
  let readBytes = 0;
  /** Breaks off between chunks: what was read of a line is no line. */
  async function* watched(): AsyncGenerator<Uint8Array> {
    const iterator = bytes[Symbol.asyncIterator]();
    for (;;) {
      const next = await iterator.next().finally(interruption.check);
      if (next.done) return;
      readBytes += next.value.length;
      yield next.value;
    }
  }
  const requestId = newId();
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

/** The file has one writer at a time; the service that has it takes imports too. */
function inUse(error: DatabaseInUse, { host, port }: Config, file: string, options: ImportOptions): Error {
  const query = options.validateOnly ? '?validateOnly=true' : '';
  const type = mediaTypeOf(file, options.format);
  const line = `curl -sS -X POST -H 'Content-Type: ${type}' -T '${file}' 'http://${host}:${port}/customers/import${query}'`;
  return new CommandProblem(`${error.message}\nOr import through the service while it runs:\n\n  ${line}\n`);
}
