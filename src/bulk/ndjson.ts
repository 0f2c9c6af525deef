import { isUtf8 } from 'node:buffer';
import { Failure } from '../domain/failures.ts';
import { findJsonStructureError } from './json-text.ts';
import { type ImportRecord, type Line, lineTooLong, readLines } from './lines.ts';

/** Reads import records from NDJSON, one JSON value per line. Skips empty lines. */
export async function* readNdjson(
  source: AsyncIterable<Uint8Array>,
): AsyncGenerator<readonly ImportRecord[]> {
  for await (const lines of readLines(source)) {
    const records = lines.flatMap(recordFrom);
    if (records.length > 0) yield records;
  }
}

function recordFrom({ number: line, bytes }: Line): ImportRecord[] {
  if (bytes === null) return [{ line, failure: lineTooLong() }];
  if (!isUtf8(bytes)) return [{ line, failure: malformed('The line is not valid UTF-8.') }];
  const text = bytes.toString();
  if (/^[ \t\r]*$/.test(text)) return [];
  const fault = findJsonStructureError(text, 'line');
  if (fault) return [{ line, failure: malformed(fault) }];
  try {
    return [{ line, value: JSON.parse(text) }];
  } catch {
    return [{ line, failure: malformed('The line is not JSON.') }];
  }
}

function malformed(detail: string): Failure {
  return new Failure('malformed_json', detail);
}
