import { customerMembers, emptyFields } from '../../domain/customer.ts';
import type { Dialect } from '../sql/dialect.ts';

/** The members of a customer in the first release, which every snapshot has. This list never changes. */
const firstMembers: readonly string[] = [
  ...['id', 'externalId', 'type', 'name', 'email', 'phone', 'locale', 'timeZone', 'address', 'status'],
  ...['tags', 'note', 'metadata', 'version', 'etag', 'createdAt', 'updatedAt', 'deletedAt'],
];

const laterMembers = customerMembers.map(({ name }) => name).filter((name) => !firstMembers.includes(name));

/**
 * The SQL expression for a stored snapshot as JSON text of the contract's Customer. A snapshot from before a member was
 * added lacks it; the member is then filled with its empty value.
 * @param column the column that holds the snapshot, of type json.
 */
export function snapshotExpression(dialect: Dialect, column: string): string {
  const stored = `CAST(${column} AS text)`;
  if (laterMembers.length === 0) return stored;
  const incomplete = laterMembers.map((name) => `${column} -> '${name}' IS NULL`).join(' OR ');
  const members = customerMembers.map(({ name }) => {
    const value = `${column} -> '${name}'`;
    const filled = laterMembers.includes(name)
      ? `COALESCE(CAST(${value} AS text), '${emptyJson(name)}')`
      : `CAST(${value} AS text)`;
    return [name, `CAST(${filled} AS ${dialect.columnTypes.json})`, 'json'] as const;
  });
  return `CASE WHEN ${incomplete} THEN ${dialect.renderObject(members)} ELSE ${stored} END`;
}

function emptyJson(name: string): string {
  return JSON.stringify((emptyFields as Readonly<Record<string, unknown>>)[name] ?? null);
}
