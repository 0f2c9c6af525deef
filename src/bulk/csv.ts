import { stringify } from 'csv-stringify/sync';
import type { Customer, ProblemError } from '../contract/types.ts';
import { Failure, invalidRequest } from '../domain/failures.ts';
import { pointerTo } from '../domain/validation.ts';
import { type CsvColumn, cellsOf, csvColumns, objectFrom } from './csv-columns.ts';
import { type CsvRecord, readCsvRecords } from './csv-records.ts';
import type { ImportRecord } from './lines.ts';

/**
 * Reads import records from CSV. The first row names the columns.
 * @throws Failure `malformed_csv` or `invalid_request` for a bad header row, before it yields anything.
 */
export async function* readCsv(source: AsyncIterable<Uint8Array>): AsyncGenerator<readonly ImportRecord[]> {
  let columns: readonly CsvColumn[] | undefined;
  for await (const rows of readCsvRecords(source)) {
    let customers = rows;
    if (!columns) {
      columns = columnsNamed(rows[0]);
      customers = rows.slice(1);
    }
    const named = columns;
    // Yield even an empty batch, so that the consumer knows that the header row is valid.
    yield customers.map((row) => recordFrom(row, named));
  }
}

function columnsNamed(header: CsvRecord | undefined): readonly CsvColumn[] {
  if (!header || 'failure' in header) throw new Failure('malformed_csv', 'The header row is not CSV.');
  const names = header.cells;
  const faults = names.flatMap((name, index): ProblemError[] => {
    const pointer = pointerTo([name]);
    if (names.indexOf(name) < index) return [{ pointer, detail: 'is named twice' }];
    return csvColumns.some((column) => column.name === name)
      ? []
      : [{ pointer, detail: 'is not a column of an export' }];
  });
  if (faults.length > 0) throw invalidRequest(faults);
  return names.flatMap((name) => csvColumns.find((column) => column.name === name) ?? []);
}

function recordFrom(row: CsvRecord, columns: readonly CsvColumn[]): ImportRecord {
  if ('failure' in row) return row;
  const { line, cells } = row;
  try {
    return { line, value: objectFrom(columns, cells) };
  } catch (failure) {
    if (!(failure instanceof Failure)) throw failure;
    return { line, failure };
  }
}

/** Converts NDJSON pages into CSV (RFC 4180) with a header row. Records end with LF. */
export async function* exportCsv(pages: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  yield stringify([csvColumns.map(({ name }) => name)]);
  for await (const page of pages) {
    const text = Buffer.from(page.buffer, page.byteOffset, page.byteLength).toString();
    const customers = text.split('\n').filter((line) => line !== '');
    yield stringify(customers.map((line) => cellsOf(JSON.parse(line) as Customer)));
  }
}
