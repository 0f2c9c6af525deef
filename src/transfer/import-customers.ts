import { type MergeCommand, mergeCommand } from '../domain/commands.ts';
import { Failure } from '../domain/failures.ts';
import type { WriteOutcome } from '../domain/ports.ts';
import { checkImport } from './import-contract.ts';
import type { ImportRecord } from './import-record.ts';

/** What became of a line. */
export type LineResult =
  | { readonly line: number; readonly outcome: 'created' | 'updated' | 'unchanged'; readonly id: string }
  | { readonly line: number; readonly outcome: 'refused'; readonly failure: Failure };

/** A line that is ready to be written, or refused already. */
type CheckedLine =
  | { readonly line: number; readonly command: MergeCommand }
  | { readonly line: number; readonly failure: Failure };

/**
 * Writes the records of an import and yields what became of each, in their order. While one batch is written the
 * next is read and checked, and no more: a caller who does not take the results stops the reading too.
 * @param write stores one line; those of a batch are given to it at once, so that they can share a transaction.
 */
export async function* importCustomers(
  source: AsyncIterable<readonly ImportRecord[]>,
  write: (command: MergeCommand) => Promise<WriteOutcome>,
): AsyncGenerator<readonly LineResult[]> {
  const batches = checkedBatches(source);
  let reading = batches.next();
  for (;;) {
    const { done, value: lines } = await reading;
    if (done) return;
    const writing = Promise.all(lines.map((line) => resultOf(line, write)));
    reading = batches.next();
    // Whoever stops taking results does not wait for the rest, which may then fail unheard.
    reading.catch(() => undefined);
    yield await writing;
  }
}

async function* checkedBatches(
  source: AsyncIterable<readonly ImportRecord[]>,
): AsyncGenerator<readonly CheckedLine[]> {
  for await (const records of source) if (records.length > 0) yield records.map(checked);
}

function checked(record: ImportRecord): CheckedLine {
  if ('failure' in record) return record;
  const { line, value } = record;
  try {
    return { line, command: mergeCommand(checkImport(value)) };
  } catch (failure) {
    if (!(failure instanceof Failure)) throw failure;
    return { line, failure };
  }
}

async function resultOf(
  checkedLine: CheckedLine,
  write: (command: MergeCommand) => Promise<WriteOutcome>,
): Promise<LineResult> {
  const { line } = checkedLine;
  if ('failure' in checkedLine) return { line, outcome: 'refused', failure: checkedLine.failure };
  try {
    const { id, created, unchanged } = await write(checkedLine.command);
    return { line, outcome: created ? 'created' : unchanged ? 'unchanged' : 'updated', id };
  } catch (failure) {
    if (!(failure instanceof Failure)) throw failure;
    return { line, outcome: 'refused', failure };
  }
}
