import { resolveReference, type SchemaObject, schemaNamed } from '../contract/document.ts';
import type { Customer, ProblemError } from '../contract/types.ts';
import { customerMembers } from '../domain/customer.ts';
import { invalidRequest } from '../domain/failures.ts';
import { pointerTo } from '../domain/validation.ts';
import { findJsonStructureError } from './json-text.ts';

type CellKind = 'text' | 'integer' | 'json';

/** A CSV column: a member of a customer, or a part of one such as `address.city`. */
export interface CsvColumn {
  readonly name: string;
  readonly member: keyof Customer;
  readonly part: string | undefined;
  readonly kind: CellKind;
}

/** All columns, derived from the contract's Customer and in its order. */
export const csvColumns: readonly CsvColumn[] = customerMembers.flatMap(({ name, kind }): CsvColumn[] => {
  if (kind !== 'object') {
    const inJson = kind === 'array' || kind === 'map';
    return [{ name, member: name, part: undefined, kind: inJson ? 'json' : kind }];
  }
  const parts = Object.keys(memberSchema(name).properties ?? {});
  return parts.map((part) => ({ name: `${name}.${part}`, member: name, part, kind: 'text' }));
});

/** Converts a customer into cells. Null, `[]` and `{}` become an empty cell; text is never empty. */
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
 * Converts the cells of a row into an import record. An empty cell becomes null, except that an empty id is left out.
 * @throws Failure `invalid_request` if a cell of an array or map is not JSON.
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

/** The value of a cell; undefined for invalid JSON. */
function cellValue(kind: CellKind, text: string): unknown {
  if (kind === 'text') return text;
  if (kind === 'integer') return /^-?\d{1,15}$/.test(text) ? Number(text) : text;
  if (findJsonStructureError(text, 'cell')) return undefined;
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
 * Text that a spreadsheet would evaluate as a formula: it starts with one of these characters or their full-width forms.
 * Tabs and line breaks are included, because spreadsheets may drop them.
 */
const formula = /^'*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/;
const guarded = /^'+[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/;

/** Prefixes an apostrophe to text that a spreadsheet would evaluate. Inverse of {@link unguardFormula}. */
export function guardFormula(text: string): string {
  return formula.test(text) ? `'${text}` : text;
}

/** Removes the apostrophe of {@link guardFormula}. Unguarded text, such as a typed phone number, is returned as it is. */
export function unguardFormula(cell: string): string {
  return guarded.test(cell) ? cell.slice(1) : cell;
}
