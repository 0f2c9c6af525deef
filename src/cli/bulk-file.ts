import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { extname } from 'node:path';
import { type TransferFormat, transferFormats } from '../bulk/formats.ts';
import { CommandProblem } from './exit.ts';

/** Personal data is for the owner of the process alone. */
const fileMode = 0o600;

const mediaTypes = { ndjson: 'application/x-ndjson', csv: 'text/csv' } as const;
const extensions: Readonly<Record<string, keyof typeof mediaTypes>> = {
  '.ndjson': 'ndjson',
  '.jsonl': 'ndjson',
  '.csv': 'csv',
};

/** The media type of a file, by what was asked for or else by its name; standard input and output are NDJSON.
 * @throws CommandProblem where neither tells. */
export function mediaTypeOf(file: string, asked: string | undefined): keyof typeof transferFormats {
  const name = asked ?? (file === '-' ? 'ndjson' : extensions[extname(file).toLowerCase()]);
  if (name === 'ndjson' || name === 'csv') return mediaTypes[name];
  throw new CommandProblem(
    asked === undefined
      ? `the name ${file} does not tell its format. Add --format ndjson or --format csv.`
      : `there is no format ${asked}. Use --format ndjson or --format csv.`,
  );
}

export function formatOf(file: string, asked: string | undefined): TransferFormat {
  return transferFormats[mediaTypeOf(file, asked)];
}

/** Where customers come from. */
export interface TransferSource {
  readonly bytes: AsyncIterable<Uint8Array>;
  /** Undefined where it cannot be known, as for a pipe. */
  readonly sizeBytes: number | undefined;
  /** Gives it up, also where there would be more to read. */
  close(): void;
}

/** @throws CommandProblem for a file that cannot be read. */
export async function openSource(file: string): Promise<TransferSource> {
  const stdin = process.stdin;
  if (file === '-') return { bytes: stdin, sizeBytes: undefined, close: () => void stdin.destroy() };
  try {
    const handle = await open(file);
    const status = await handle.stat();
    const bytes = createReadStream(file, { fd: handle });
    return { bytes, sizeBytes: status.isFile() ? status.size : undefined, close: () => void bytes.destroy() };
  } catch (error) {
    throw new CommandProblem(`cannot read ${file} (${(error as NodeJS.ErrnoException).code}).`);
  }
}

/** Where customers go. */
export interface TransferSink {
  write(bytes: Uint8Array): Promise<void>;
  /** What was written is complete: only now is it seen under its name. */
  complete(): Promise<void>;
  /** What was written is not complete: nothing stays of it. */
  discard(): Promise<void>;
}

/** @throws CommandProblem for a file that cannot be made. */
export async function openSink(file: string): Promise<TransferSink> {
  if (file === '-') return standardOutput;
  const part = `${file}.${randomBytes(6).toString('hex')}.part`;
  const failed = (error: unknown): never => {
    throw new CommandProblem(`cannot write ${file} (${(error as NodeJS.ErrnoException).code}).`);
  };
  const handle = await open(part, 'wx', fileMode).catch(failed);
  return {
    async write(bytes) {
      await handle.writeFile(bytes).catch(failed);
    },
    async complete() {
      // Before the name, so that a power cut cannot leave the name with half of the content.
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

const standardOutput: TransferSink = {
  write: (bytes) =>
    new Promise((resolve, reject) => {
      const failed = (error: Error) => reject(new CommandProblem(`cannot write: ${error.message}.`));
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
