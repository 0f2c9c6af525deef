import { isUtf8 } from 'node:buffer';
import { parse } from 'csv-parse/sync';
import { Failure } from '../domain/failures.ts';
import { type Line, lineBytesMax, lineTooLong, readLines } from './lines.ts';

/** A CSV record, which may span several lines: its cells, or why it was refused. `line` is its first line. */
export type CsvRecord =
  | { readonly line: number; readonly cells: readonly string[] }
  | { readonly line: number; readonly failure: Failure };

/** Reads the records of a CSV stream (RFC 4180). Skips empty lines. */
export async function* readCsvRecords(
  source: AsyncIterable<Uint8Array>,
): AsyncGenerator<readonly CsvRecord[]> {
  const assembler = createRecordAssembler();
  for await (const lines of readLines(source)) {
    const rows = lines.flatMap((line) => assembler.add(line));
    if (rows.length > 0) yield rows;
  }
  const rest = assembler.end();
  if (rest.length > 0) yield rest;
}

/**
 * Assembles lines into records: a quote that is open at the end of a line continues in the next. If no valid record
 * results, only the first line is refused and the others are tried again, so that a stray quote costs one line, not the rest
 * of the file.
 */
function createRecordAssembler() {
  /** The lines of the unfinished record. */
  let open: Line[] = [];
  let openBytes = 0;
  let quoteIsOpen = false;
  /** The number of cells of the first record, which all others must have. */
  let width: number | undefined;

  function add(line: Line): CsvRecord[] {
    open.push(line);
    openBytes += (line.bytes?.length ?? lineBytesMax) + 1;
    if (openBytes > lineBytesMax + 1) return refuseFirst(lineTooLong());
    if (hasOddQuotes(line.bytes)) quoteIsOpen = !quoteIsOpen;
    return quoteIsOpen ? [] : close();
  }

  function close(): CsvRecord[] {
    const line = open[0]?.number ?? 0;
    try {
      const cells = cellsIn(open.map(({ bytes }) => bytes ?? Buffer.alloc(0)));
      width ??= cells?.length;
      if (cells && cells.length !== width)
        throw malformed(`it has ${cells.length} cells instead of ${width}`);
      takeOpen();
      return cells ? [{ line, cells }] : [];
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      return refuseFirst(error);
    }
  }

  function refuseFirst(failure: Failure): CsvRecord[] {
    const [first, ...others] = takeOpen();
    return [{ line: first?.number ?? 0, failure }, ...others.flatMap(add)];
  }

  function takeOpen(): Line[] {
    const lines = open;
    open = [];
    openBytes = 0;
    quoteIsOpen = false;
    return lines;
  }

  return {
    add,
    end(): CsvRecord[] {
      return open.length > 0 ? refuseFirst(malformed('a quote does not end')) : [];
    },
  };
}

const quote = 0x22;
const carriageReturn = 0x0d;

function hasOddQuotes(bytes: Buffer | null): boolean {
  let count = 0;
  for (let at = bytes?.indexOf(quote) ?? -1; at !== -1; at = bytes?.indexOf(quote, at + 1) ?? -1) count += 1;
  return count % 2 === 1;
}

/** Parses the cells of a record; undefined for an empty line. */
function cellsIn(lines: readonly Buffer[]): readonly string[] | undefined {
  const bytes = Buffer.concat(lines.flatMap((line, index) => (index === 0 ? [line] : [lineFeed, line])));
  const row = bytes.at(-1) === carriageReturn ? bytes.subarray(0, -1) : bytes;
  if (row.length === 0) return undefined;
  if (!isUtf8(row)) throw malformed('it is not valid UTF-8');
  let rows: string[][];
  try {
    // Unquoted text holds no line feed here, so this yields a single record.
    rows = parse(row, { record_delimiter: '\n', relax_column_count: true });
  } catch {
    throw malformed('a quote is where none may be');
  }
  if (rows.length !== 1) throw malformed('a quote is where none may be');
  return rows[0];
}

const lineFeed = Buffer.from('\n');

function malformed(fault: string): Failure {
  return new Failure('malformed_csv', `The line is not CSV: ${fault}.`);
}
