import { Ajv, type ErrorObject } from 'ajv';
import { contract, type SchemaObject } from '../contract/document.ts';
import { readableFault } from '../contract/schema-errors.ts';
import type { CustomerImport, ProblemError } from '../contract/types.ts';
import { type MergeCommand, mergeCommand } from '../domain/commands.ts';
import type { WriteOutcome } from '../domain/customer-store.ts';
import { Failure, invalidRequest } from '../domain/failures.ts';
import { pointerTo } from '../domain/validation.ts';
import type { ImportRecord } from './lines.ts';

/** What became of a line. */
export type LineResult =
  | { readonly line: number; readonly outcome: 'created' | 'updated' | 'unchanged'; readonly id: string }
  | { readonly line: number; readonly outcome: 'refused'; readonly failure: Failure };

type Write = (command: MergeCommand) => Promise<WriteOutcome>;

/** A line that is ready to be written, or refused already. */
type CheckedLine =
  | { readonly line: number; readonly command: MergeCommand }
  | { readonly line: number; readonly failure: Failure };

/**
 * How many lines are under way at once: enough that the next transaction is ready when one ends. Whoever does not take
 * the results stops the reading too.
 */
const linesUnderWayMax = 256;

/**
 * Writes the records of an import and yields what became of each, in their order. While some are written the next are
 * read and checked. Where the source fails, what was read of it is still written and told of first.
 * @param write stores one line; those that wait at once can share a transaction.
 */
export async function* importCustomers(
  source: AsyncIterable<readonly ImportRecord[]>,
  write: Write,
): AsyncGenerator<readonly LineResult[]> {
  const batches = checkedBatches(source);
  const underWay: Promise<Written>[] = [];
  let lines = 0;
  let reading = readNext(batches);
  let end: End | undefined;
  while (!end || underWay.length > 0) {
    const mayRead = !end && (lines < linesUnderWayMax || underWay.length === 0);
    // What is read goes first, so that the writer has its next transaction before it has ended this one.
    const candidates = [...(mayRead ? [reading] : []), ...underWay.slice(0, 1)];
    const next = await Promise.race<Reading | Written>(candidates);
    if (next.kind === 'written') {
      underWay.shift();
      lines -= next.results.length;
      yield next.results;
    } else if (next.kind === 'read') {
      underWay.push(writeAll(next.lines, write));
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

/** There are no more lines, or none that can be read. */
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
  // Whoever stops taking results does not wait for the rest, which may then fail unheard.
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

// The same options as those of the requests' validator, so that a line is judged as a body would be.
const ajv = new Ajv({ allErrors: true, strict: false, verbose: true, validateFormats: false, logger: false });
ajv.addSchema(contract, 'contract');
const validate = ajv.compile<CustomerImport>({ $ref: 'contract#/components/schemas/CustomerImport' });

/**
 * Holds a line against the contract's CustomerImport.
 * @throws Failure `invalid_request` naming every fault.
 */
export function checkImport(value: unknown): CustomerImport {
  if (validate(value)) return value;
  throw invalidRequest((validate.errors ?? []).map(faultFrom));
}

function faultFrom({ instancePath, keyword, message = '', params, parentSchema }: ErrorObject): ProblemError {
  const names = instancePath.split('/').slice(1).map(unescapeToken);
  if (keyword === 'additionalProperties') names.push(String(params.additionalProperty));
  const { example } = (parentSchema ?? {}) as SchemaObject;
  return { pointer: pointerTo(names.map(wellFormed)), detail: readableFault(message, example) };
}

function unescapeToken(token: string): string {
  return token.replaceAll('~1', '/').replaceAll('~0', '~');
}

/** A lone surrogate cannot stand in a pointer. */
function wellFormed(name: string): string {
  return name.replace(/\p{Surrogate}/gu, '\ufffd');
}
