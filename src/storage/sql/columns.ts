import type { Customer } from '../../contract/types.ts';
import { customerMembers } from '../../domain/customer.ts';
import { emailKey, nameKey } from '../../domain/normalization.ts';

export type ColumnType = 'uuid' | 'text' | 'integer' | 'json';

export interface Column {
  readonly name: string;
  readonly type: ColumnType;
}

/** A column that holds a member of Customer. */
export interface MemberColumn extends Column {
  readonly member: keyof Customer;
}

/**
 * The columns of `customers` that hold members of the contract's Customer, derived from the contract: a new scalar
 * field needs a migration and no change here. `etag` is rendered from the version.
 */
export const memberColumns: readonly MemberColumn[] = customerMembers
  .filter(({ name }) => name !== 'etag')
  .map(({ name, kind }) => ({ member: name, name: snakeCase(name), type: typeOf(name, kind) }));

/** The columns that a write fills: those of the members, and the normalized keys for indexes. */
export const writtenColumns: readonly Column[] = [
  ...memberColumns,
  { name: 'email_key', type: 'text' },
  { name: 'name_key', type: 'text' },
];

/** Returns the row of a customer, by column name. Nested members stay JSON. */
export function rowOf(customer: Customer): Record<string, unknown> {
  const row: Record<string, unknown> = {};
  for (const { name, member } of memberColumns) row[name] = customer[member];
  row.email_key = customer.email === null ? null : emailKey(customer.email);
  row.name_key = nameKey(customer.name);
  return row;
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function typeOf(name: string, kind: string): ColumnType {
  if (name === 'id') return 'uuid';
  if (kind === 'integer' || kind === 'text') return kind;
  return 'json';
}

/**
 * The parameter of a row limit: `LIMIT ${rowLimit}`. After a bare `LIMIT ?` SQLite recompiles the statement for every
 * value, because the query planner looks at it.
 */
export const rowLimit = 'CAST(? AS integer)';
