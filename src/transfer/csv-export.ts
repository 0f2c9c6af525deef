import { stringify } from 'csv-stringify/sync';
import type { Customer } from '../contract/types.ts';
import { cellsOf, csvColumns } from './csv-columns.ts';

/** Turns pages of NDJSON into CSV (RFC 4180) with a header row. Lines end with LF, those inside of cells as they are. */
export async function* exportCsv(pages: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  yield stringify([csvColumns.map(({ name }) => name)]);
  for await (const page of pages) {
    const text = Buffer.from(page.buffer, page.byteOffset, page.byteLength).toString();
    const customers = text.split('\n').filter((line) => line !== '');
    yield stringify(customers.map((line) => cellsOf(JSON.parse(line) as Customer)));
  }
}
