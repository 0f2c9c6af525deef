import { Failure } from '../domain/failures.ts';

/** A line of a streamed body, without the line feed that ended it. */
export interface Line {
  /** From 1. */
  readonly number: number;
  /** Null for a line that exceeds {@link lineBytesMax}; it was skipped. */
  readonly bytes: Buffer | null;
}

/** The same limit as for a request body. */
export const lineBytesMax = 65_536;

/**
 * A batch is validated in one turn of the event loop, during which nothing else runs.
 */
const linesPerBatchMax = 64;

const lineFeed = 0x0a;
const byteOrderMark = Buffer.from('\ufeff');

/**
 * Splits a byte stream into lines and yields complete lines at once, so that slow senders get results early. Holds one
 * chunk and one line in memory. Drops a byte order mark at the start; keeps the CR of CRLF, which may be part of a quoted cell.
 */
export async function* readLines(source: AsyncIterable<Uint8Array>): AsyncGenerator<readonly Line[]> {
  const splitter = createLineSplitter();
  for await (const chunk of source) {
    for (const batch of splitter.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)))
      yield batch;
  }
  const last = splitter.end();
  if (last) yield [last];
}

function createLineSplitter() {
  /** The pieces of the current line so far; empty once the line is too long. */
  let parts: Buffer[] = [];
  let length = 0;
  let number = 0;

  function keep(part: Buffer): void {
    length += part.length;
    if (length > lineBytesMax) parts = [];
    else if (part.length > 0) parts.push(part);
  }

  function endLine(): Line {
    number += 1;
    const bytes = length > lineBytesMax ? null : joined(parts);
    parts = [];
    length = 0;
    return { number, bytes: number === 1 ? withoutMark(bytes) : bytes };
  }

  return {
    *push(chunk: Buffer): Generator<readonly Line[]> {
      let batch: Line[] = [];
      let start = 0;
      for (let end = chunk.indexOf(lineFeed); end !== -1; end = chunk.indexOf(lineFeed, start)) {
        keep(chunk.subarray(start, end));
        batch.push(endLine());
        start = end + 1;
        if (batch.length < linesPerBatchMax) continue;
        yield batch;
        batch = [];
      }
      keep(chunk.subarray(start));
      if (batch.length > 0) yield batch;
    },
    end: (): Line | undefined => (length > 0 ? endLine() : undefined),
  };
}

/** Joins the parts of a line without copying in the usual case of a single part. */
function joined(parts: readonly Buffer[]): Buffer {
  return parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts);
}

function withoutMark(bytes: Buffer | null): Buffer | null {
  return bytes?.subarray(0, 3).equals(byteOrderMark) ? bytes.subarray(3) : bytes;
}

/** One record of an import: an unvalidated JSON value, or why it could not be read. */
export type ImportRecord =
  | { readonly line: number; readonly value: unknown }
  | { readonly line: number; readonly failure: Failure };

/** The refusal of a line that exceeds {@link lineBytesMax}. */
export function lineTooLong(): Failure {
  return new Failure('body_too_large', `The line is longer than ${lineBytesMax} bytes.`);
}
