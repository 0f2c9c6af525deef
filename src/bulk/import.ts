import { Ajv, type ErrorObject } from 'ajv';
import { contract, type SchemaObject } from '../contract/document.ts';
import { describeSchemaError } from '../contract/schema-errors.ts';
import type { CustomerImport, ProblemError } from '../contract/types.ts';
import { type MergeCommand, mergeCommand } from '../domain/commands.ts';
import type { WriteOutcome } from '../domain/customer-store.ts';
import { Failure, invalidRequest } from '../domain/failures.ts';
import { pointerTo, unescapeToken } from '../domain/validation.ts';
import type { ImportRecord } from './lines.ts';

/** The result of a line. */
export type LineResult =
  | { readonly line: number; readonly outcome: 'created' | 'updated' | 'unchanged'; readonly id: string }
  | { readonly line: number; readonly outcome: 'refused'; readonly failure: Failure };

type Write = (command: MergeCommand) => Promise<WriteOutcome>;

/** A validated line: a command, or the reason for its refusal. */
type CheckedLine =
  | { readonly line: number; readonly command: MergeCommand }
  | { readonly line: number; readonly failure: Failure };

/**
 * Lines being written at once: enough to fill the next transaction. Back-pressure: reading stops while the consumer
 * does not take results.
 */
const linesInFlightMax = 256;

/**
 * Writes the records of an import and yields a result for each, in order. Reads and validates ahead while earlier lines
 * are written. If the source fails, the lines read so far are still written and reported before the error is thrown.
 * @param write stores one line; concurrent calls can share a transaction.
 */
export async function* importCustomers(
  source: AsyncIterable<readonly ImportRecord[]>,
  write: Write,
): AsyncGenerator<readonly LineResult[]> {
  const batches = checkedBatches(source);
  const inFlight: Promise<Written>[] = [];
  let lines = 0;
  let reading = readNext(batches);
  let end: End | undefined;
  while (!end || inFlight.length > 0) {
    const mayRead = !end && (lines < linesInFlightMax || inFlight.length === 0);
    // Prefer reading, so that the next transaction is filled before the current one ends.
    const candidates = [...(mayRead ? [reading] : []), ...inFlight.slice(0, 1)];
    const next = await Promise.race<Reading | Written>(candidates);
    if (next.kind === 'written') {
      inFlight.shift();
      lines -= next.results.length;
      yield next.results;
    } else if (next.kind === 'read') {
      inFlight.push(writeAll(next.lines, write));
      lines += next.lines.length;
      reading = readNext(batches);
    } else end = next;
  }
  if (end.error !== undefined) throw end.error;
}

interface Written {
  readonly kind: 'written';
  readonly results: readonly LineResult[];
}

type Reading = { readonly kind: 'read'; readonly lines: readonly CheckedLine[] } | End;

/** The source has ended or failed. */
interface End {
  readonly kind: 'end';
  readonly error?: unknown;
}

async function readNext(batches: AsyncGenerator<readonly CheckedLine[]>): Promise<Reading> {
  try {
    const { done, value } = await batches.next();
    return done ? { kind: 'end' } : { kind: 'read', lines: value };
  } catch (error) {
    return { kind: 'end', error };
  }
}

function writeAll(lines: readonly CheckedLine[], write: Write): Promise<Written> {
  const writing = Promise.all(lines.map((line) => resultOf(line, write)));
  const written = writing.then((results) => ({ kind: 'written', results }) as const);
  // If the consumer stops early, this promise is never awaited; its rejection must not crash the process.
  written.catch(() => undefined);
  return written;
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

async function resultOf(checkedLine: CheckedLine, write: Write): Promise<LineResult> {
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

// The options of the request validator, so that a line is validated like a body.
const ajv = new Ajv({ allErrors: true, strict: false, verbose: true, validateFormats: false, logger: false });
ajv.addSchema(contract, 'contract');
const validate = ajv.compile<CustomerImport>({ $ref: 'contract#/components/schemas/CustomerImport' });

/**
 * Validates a line against the contract's CustomerImport.
 * @throws Failure `invalid_request` listing every error.
 */
function checkImport(value: unknown): CustomerImport {
  if (validate(value)) return value;
  throw invalidRequest((validate.errors ?? []).map(problemErrorFrom));
}

function problemErrorFrom({
  instancePath,
  keyword,
  message = '',
  params,
  parentSchema,
}: ErrorObject): ProblemError {
  const names = instancePath.split('/').slice(1).map(unescapeToken);
  if (keyword === 'additionalProperties') names.push(String(params.additionalProperty));
  const { example } = (parentSchema ?? {}) as SchemaObject;
  return { pointer: pointerTo(names), detail: describeSchemaError(message, example) };
}
