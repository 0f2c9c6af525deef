import { exportCsv, readCsv } from './csv.ts';
import type { ImportRecord } from './lines.ts';
import { readNdjson } from './ndjson.ts';

/** A form in which customers leave and come in, by its media type. */
export interface TransferFormat {
  /** Reads records as they arrive. */
  read(source: AsyncIterable<Uint8Array>): AsyncIterable<readonly ImportRecord[]>;
  /** Renders pages of an export, each NDJSON. */
  render(pages: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array>;
}

export const transferFormats = {
  'application/x-ndjson': { read: readNdjson, render: (pages) => pages },
  'text/csv': { read: readCsv, render: (pages) => asBytes(exportCsv(pages)) },
} as const satisfies Record<string, TransferFormat>;

async function* asBytes(texts: AsyncIterable<string>): AsyncGenerator<Uint8Array> {
  for await (const text of texts) yield Buffer.from(text);
}
