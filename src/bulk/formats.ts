import { exportCsv, readCsv } from './csv.ts';
import type { ImportRecord } from './lines.ts';
import { readNdjson } from './ndjson.ts';

/** A media type of import and export. */
export interface BulkFormat {
  /** Reads records as bytes arrive. */
  read(source: AsyncIterable<Uint8Array>): AsyncIterable<readonly ImportRecord[]>;
  /** Converts the NDJSON pages of an export. */
  render(pages: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array>;
}

/** The formats of import and export by media type. */
export const bulkFormats = {
  'application/x-ndjson': { read: readNdjson, render: (pages) => pages },
  'text/csv': { read: readCsv, render: (pages) => asBytes(exportCsv(pages)) },
} as const satisfies Record<string, BulkFormat>;

async function* asBytes(texts: AsyncIterable<string>): AsyncGenerator<Uint8Array> {
  for await (const text of texts) yield Buffer.from(text);
}
