import { resolveReference, type SchemaObject, schemaNamed } from '../contract/document.ts';
import type { Customer, ProblemError } from '../contract/types.ts';
import { customerMembers } from '../domain/customer.ts';
import { invalidRequest } from '../domain/failures.ts';
import { pointerTo } from '../domain/validation.ts';
import { jsonStructureFault } from './json-text.ts';

type Cellular = 'text' | 'integer' | 'json';

/** A column of a CSV: a member of a customer, or a part of one, such as `address.city`. */
export interface CsvColumn {
  readonly name: string;
  readonly member: keyof Customer;
  readonly part: string | undefined;
  readonly kind: Cellular;
}

/** All columns, in the order of the contract's Customer: a new member is a column without further ado. */
export const csvColumns: readonly CsvColumn[] = customerMembers.flatMap(({ name, kind }): CsvColumn[] => {
  if (kind !== 'object') {
    const inJson = kind === 'array' || kind === 'map';
    return [{ name, member: name, part: undefined, kind: inJson ? 'json' : kind }];
  }
  const parts = Object.keys(memberSchema(name).properties ?? {});
  return parts.map((part) => ({ name: `${name}.${part}`, member: name, part, kind: 'text' }));
});

/** A customer as the cells of its row. What is null or holds nothing is an empty cell: no text is ever empty. */
export function cellsOf(customer: Customer): string[] {
  return csvColumns.map(({ member, part, kind }) => {
    const whole: unknown = customer[member];
    const value = part === undefined ? whole : (whole as Record<string, unknown> | null)?.[part];
    if (value === null || value === undefined) return '';
    if (kind === 'json') return Object.keys(value).length === 0 ? '' : JSON.stringify(value);
    return guardFormula(String(value));
  });
}

/**
 * The cells of a row as the object that the line would be in NDJSON: null for an empty cell. What cannot be null,
 * the id, is left out instead.
 * @throws Failure `invalid_request` for a cell that is to hold JSON and does not.
 */
export function objectFrom(columns: readonly CsvColumn[], cells: readonly string[]): Record<string, unknown> {
  const object: Record<string, unknown> = {};
  const faults: ProblemError[] = [];
  columns.forEach(({ member, part, kind }, index) => {
    const cell = cells[index] ?? '';
    if (cell === '' && member === 'id') return;
    const value = cell === '' ? null : cellValue(kind, unguardFormula(cell));
    if (value === undefined) faults.push(notJson(member));
    else if (part === undefined) object[member] = value;
    else object[member] = { ...(object[member] as object | undefined), [part]: value };
  });
  if (faults.length > 0) throw invalidRequest(faults);
  return object;
}

/** Undefined for a text that is no JSON and should be. */
function cellValue(kind: Cellular, text: string): unknown {
  if (kind === 'text') return text;
  if (kind === 'integer') return /^-?\d{1,15}$/.test(text) ? Number(text) : text;
  if (jsonStructureFault(text, 'cell')) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function notJson(member: keyof Customer): ProblemError {
  const example = JSON.stringify(memberSchema(member).example);
  return { pointer: pointerTo([member]), detail: `must be JSON in its cell, such as ${example}` };
}

function memberSchema(member: keyof Customer): SchemaObject {
  return resolveReference<SchemaObject>(schemaNamed('Customer').properties?.[member] ?? {});
}

/**
 * What a spreadsheet computes instead of showing it: a text that begins with one of these, or with their full-width
 * forms, which some read as the same. A tab or a line break may be dropped and lay bare what follows.
 */
const formula = /^'*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/;
const guarded = /^'+[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/;

/** The text as it may stand in a cell: with an apostrophe before it where it could be computed. */
export function guardFormula(text: string): string {
  return formula.test(text) ? `'${text}` : text;
}

/** The text that a cell stands for. What was not guarded, such as a phone number typed in, is read as it is. */
export function unguardFormula(cell: string): string {
  return guarded.test(cell) ? cell.slice(1) : cell;
}
