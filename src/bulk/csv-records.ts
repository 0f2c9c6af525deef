import { isUtf8 } from 'node:buffer';
import { parse } from 'csv-parse/sync';
import { Failure } from '../domain/failures.ts';
import { type Line, lineBytesMax, lineTooLong, readLines } from './lines.ts';

/** A row of a CSV, which may go over several lines: its cells, or why it has none. */
export type CsvRow =
  | { readonly line: number; readonly cells: readonly string[] }
  | { readonly line: number; readonly failure: Failure };

/** Reads the rows of a CSV (RFC 4180). Empty lines are passed over. */
export async function* readCsvRows(source: AsyncIterable<Uint8Array>): AsyncGenerator<readonly CsvRow[]> {
  const assembler = createRowAssembler();
  for await (const lines of readLines(source)) {
    const rows = lines.flatMap((line) => assembler.add(line));
    if (rows.length > 0) yield rows;
  }
  const rest = assembler.end();
  if (rest.length > 0) yield rest;
}

/**
 * Puts lines together to rows: a quote that is open at the end of a line goes on in the next. Where that does not
 * come to a row, the first line alone is refused and the next ones are looked at anew, so that a quote too many
 * costs one line and not the rest of the file.
 */
function createRowAssembler() {
  /** The lines of a row that is open. */
  let open: Line[] = [];
  let openBytes = 0;
  let quoteIsOpen = false;
  /** How many cells a row has: as many as the first. */
  let width: number | undefined;

  function add(line: Line): CsvRow[] {
    open.push(line);
    openBytes += (line.bytes?.length ?? lineBytesMax) + 1;
    if (openBytes > lineBytesMax + 1) return refuseFirst(lineTooLong());
    if (hasOddQuotes(line.bytes)) quoteIsOpen = !quoteIsOpen;
    return quoteIsOpen ? [] : close();
  }

  function close(): CsvRow[] {
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

  function refuseFirst(failure: Failure): CsvRow[] {
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
    end(): CsvRow[] {
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

/** The cells of a row; undefined for an empty line. */
function cellsIn(lines: readonly Buffer[]): readonly string[] | undefined {
  const bytes = Buffer.concat(lines.flatMap((line, index) => (index === 0 ? [line] : [lineFeed, line])));
  const row = bytes.at(-1) === carriageReturn ? bytes.subarray(0, -1) : bytes;
  if (row.length === 0) return undefined;
  if (!isUtf8(row)) throw malformed('it is not valid UTF-8');
  let rows: string[][];
  try {
    // Ended by what it cannot hold outside of quotes, so that it is one row.
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
