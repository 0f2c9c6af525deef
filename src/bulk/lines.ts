import { Failure } from '../domain/failures.ts';

/** A line of a streamed body, without the line feed that ended it. */
export interface Line {
  /** From 1. */
  readonly number: number;
  /** Null for a line that is longer than a line may be: it was passed over. */
  readonly bytes: Buffer | null;
}

/** As much as a request body may have: a customer fits twice. */
export const lineBytesMax = 65_536;

/**
 * How many lines are handed on together; more of one chunk follow in further batches. They are read and checked in one
 * turn of the event loop, and nobody else is served meanwhile.
 */
const linesPerBatchMax = 64;

const lineFeed = 0x0a;
const byteOrderMark = Buffer.from('\ufeff');

/**
 * Splits bytes into lines as they arrive, and hands on at once those that are whole, so that a slow sender is not
 * kept waiting for an answer. Memory holds one chunk and one line. A byte order mark before the first is dropped;
 * the carriage return of a CRLF stays, for inside of a quoted cell it is text.
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
  /** The beginning of a line that has not ended. */
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

/** Nearly every line is one piece of its chunk, and needs no copy. */
function joined(parts: readonly Buffer[]): Buffer {
  return parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts);
}

function withoutMark(bytes: Buffer | null): Buffer | null {
  return bytes?.subarray(0, 3).equals(byteOrderMark) ? bytes.subarray(3) : bytes;
}

/** One line of an import as it was read: a JSON value that nobody has checked, or why there is none. */
export type ImportRecord =
  | { readonly line: number; readonly value: unknown }
  | { readonly line: number; readonly failure: Failure };

export function lineTooLong(): Failure {
  return new Failure('body_too_large', `The line is longer than ${lineBytesMax} bytes.`);
}
