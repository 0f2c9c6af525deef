import type { BulkFormat } from '../bulk/formats.ts';
import type { Config } from '../config/config.ts';
import { createCustomerExport } from '../storage/customers/export.ts';
import { translateReadErrors } from '../storage/errors.ts';
import { openToRead } from '../storage/open.ts';
import { type BulkSink, formatOf, openSink } from './bulk-file.ts';
import { Interrupted, type Interruption, watchInterruption } from './exit.ts';
import { type Progress, ratePerSecond, startProgress } from './progress.ts';

export interface ExportOptions {
  readonly format?: string;
  readonly includeDeleted?: boolean;
}

const lineFeed = 0x0a;

/** Exports all customers to a file, which gets its name only when it is complete. */
export async function exportToFile(config: Config, file: string, options: ExportOptions): Promise<void> {
  const format = formatOf(file, options.format);
  const interruption = watchInterruption();
  const database = await openToRead(config.database, config.requestTimeoutMs);
  const progress = startProgress();
  const startedAt = performance.now();
  try {
    const { includeDeleted = false } = options;
    const { feedPosition, pages } = await createCustomerExport(translateReadErrors(database.engine))({
      includeDeleted,
    });
    const sink = await openSink(file);
    const rows = await writeAll(pages, format, sink, interruption, progress);
    const rate = ratePerSecond(rows, performance.now() - startedAt);
    progress.say(`Exported ${rate}, from position ${feedPosition} of the change feed.`);
  } catch (error) {
    progress.end();
    if (!(error instanceof Interrupted)) throw error;
    progress.say(`customers: ${error.message}. Nothing was exported.`);
    process.exitCode = error.exitCode;
  } finally {
    interruption.release();
    await database.close();
  }
}

async function writeAll(
  pages: AsyncIterable<Uint8Array>,
  format: BulkFormat,
  sink: BulkSink,
  interruption: Interruption,
  progress: Progress,
): Promise<number> {
  let rows = 0;
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const page of pages) {
      interruption.check();
      yield page;
      rows += linesIn(page);
      progress.update(rows);
    }
  }
  try {
    for await (const bytes of format.render(counted())) await sink.write(bytes);
    await sink.complete();
    return rows;
  } catch (error) {
    await sink.discard();
    throw error;
  }
}

function linesIn(page: Uint8Array): number {
  let lines = 0;
  for (let end = page.indexOf(lineFeed); end !== -1; end = page.indexOf(lineFeed, end + 1)) lines += 1;
  return lines;
}
