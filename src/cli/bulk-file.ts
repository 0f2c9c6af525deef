import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { extname } from 'node:path';
import { type BulkFormat, bulkFormats } from '../bulk/formats.ts';
import { fileMode } from '../storage/sqlite/file.ts';
import { CliError } from './exit.ts';

const mediaTypes = { ndjson: 'application/x-ndjson', csv: 'text/csv' } as const;
const extensions: Readonly<Record<string, keyof typeof mediaTypes>> = {
  '.ndjson': 'ndjson',
  '.jsonl': 'ndjson',
  '.csv': 'csv',
};

/**
 * The media type of a file: the requested format, or else that of its extension; NDJSON for `-`.
 * @throws CliError if neither determines it.
 */
export function mediaTypeOf(file: string, asked: string | undefined): keyof typeof bulkFormats {
  const name = asked ?? (file === '-' ? 'ndjson' : extensions[extname(file).toLowerCase()]);
  if (name === 'ndjson' || name === 'csv') return mediaTypes[name];
  throw new CliError(
    asked === undefined
      ? `the name ${file} does not show its format. Add --format ndjson or --format csv.`
      : `there is no format ${asked}. Use --format ndjson or --format csv.`,
  );
}

/** The bulk format of a file, as {@link mediaTypeOf}. */
export function formatOf(file: string, asked: string | undefined): BulkFormat {
  return bulkFormats[mediaTypeOf(file, asked)];
}

/** A file or standard input to import from. */
export interface BulkSource {
  readonly bytes: AsyncIterable<Uint8Array>;
  /** Undefined for a pipe. */
  readonly sizeBytes: number | undefined;
  /** Closes the source without reading the rest. */
  close(): void;
}

/** Opens a file, or standard input for `-`. @throws CliError if it cannot be read. */
export async function openSource(file: string): Promise<BulkSource> {
  const stdin = process.stdin;
  if (file === '-') return { bytes: stdin, sizeBytes: undefined, close: () => void stdin.destroy() };
  try {
    const handle = await open(file);
    const status = await handle.stat();
    const bytes = createReadStream(file, { fd: handle });
    return { bytes, sizeBytes: status.isFile() ? status.size : undefined, close: () => void bytes.destroy() };
  } catch (error) {
    throw new CliError(`cannot read ${file} (${(error as NodeJS.ErrnoException).code}).`);
  }
}

/** A file or standard output to export to. */
export interface BulkSink {
  write(bytes: Uint8Array): Promise<void>;
  /** Flushes the file and gives it its final name. */
  complete(): Promise<void>;
  /** Deletes the incomplete file. */
  discard(): Promise<void>;
}

/** Creates the file under a temporary name, or uses standard output for `-`. @throws CliError if that fails. */
export async function openSink(file: string): Promise<BulkSink> {
  if (file === '-') return standardOutput;
  const part = `${file}.${randomBytes(6).toString('hex')}.part`;
  const failed = (error: unknown): never => {
    throw new CliError(`cannot write ${file} (${(error as NodeJS.ErrnoException).code}).`);
  };
  const handle = await open(part, 'wx', fileMode).catch(failed);
  return {
    async write(bytes) {
      await handle.writeFile(bytes).catch(failed);
    },
    async complete() {
      // Sync before renaming, so that a power cut cannot leave half a file under the final name.
      await handle.sync().catch(failed);
      await handle.close();
      await rename(part, file).catch(failed);
    },
    async discard() {
      await handle.close().catch(() => undefined);
      await rm(part, { force: true });
    },
  };
}

const standardOutput: BulkSink = {
  write: (bytes) =>
    new Promise((resolve, reject) => {
      const failed = (error: Error) => reject(new CliError(`cannot write: ${error.message}.`));
      process.stdout.once('error', failed);
      process.stdout.write(bytes, (error) => {
        process.stdout.off('error', failed);
        if (error) failed(error);
        else resolve();
      });
    }),
  complete: async () => undefined,
  discard: async () => undefined,
};
