import { customerFieldNames, customerMembers } from '../../domain/customer.ts';
import type { ColumnType } from '../sql/columns.ts';
import type { Dialect } from '../sql/dialect.ts';
import { snapshotExpression } from './snapshots.ts';

type Member = readonly [name: string, expression: string, type: ColumnType];

/** The SQL expression for the type of a change's event. */
export const eventTypeExpression = `'customer.' || kind`;

/** The SQL expression that renders a row of `changes` as the contract's ChangeEvent, a CloudEvent. */
export function eventExpression(dialect: Dialect): string {
  const position = 'CAST(position AS text)';
  const members: Member[] = [
    ['specversion', `'1.0'`, 'text'],
    ['id', position, 'text'],
    ['source', `'/customers'`, 'text'],
    ['type', eventTypeExpression, 'text'],
    ['subject', 'customer_id', 'uuid'],
    ['time', 'at', 'text'],
    ['datacontenttype', `'application/json'`, 'text'],
    // Padded with zeros: the CloudEvents sequence extension compares it as text.
    ['sequence', `substr('${'0'.repeat(19)}' || ${position}, length(${position}) + 1)`, 'text'],
    ['data', asJson(dialect, dataExpression(dialect)), 'json'],
  ];
  return dialect.renderObject(members);
}

/** The SQL expression that renders a row of `changes` as the contract's HistoryEntry. */
export function entryExpression(dialect: Dialect): string {
  const redacted = `CASE WHEN image IS NULL THEN 'true' ELSE 'false' END`;
  const members: Member[] = [
    ['version', 'version', 'integer'],
    ['kind', 'kind', 'text'],
    ['source', 'source', 'text'],
    ['at', 'at', 'text'],
    ['actor', 'actor', 'text'],
    ['requestId', 'request_id', 'text'],
    ['changes', asJson(dialect, changesExpression), 'json'],
    ['redacted', asJson(dialect, redacted), 'json'],
  ];
  return dialect.renderObject(members);
}

/** The changes of a creation as JSON text, derived from the snapshot: every field that is not empty. */
const creationExpression = `'{' || substr(${creationMembers().join(' || ')}, 2) || '}'`;

/** The changed fields as JSON text; null after an erasure, which removes snapshots. */
const changesExpression =
  `CASE WHEN image IS NULL THEN NULL WHEN kind = 'created' THEN ${creationExpression} ` +
  'ELSE CAST(changes AS text) END';

function dataExpression(dialect: Dialect): string {
  return (
    `CASE WHEN image IS NULL THEN NULL ELSE '{"customer":' || ${snapshotExpression(dialect, 'image')} || ` +
    `',"changes":' || ${changesExpression} || '}' END`
  );
}

/** One expression per field: a comma and the member, or an empty text. */
function creationMembers(): string[] {
  const kinds = new Map(customerMembers.map(({ name, kind }) => [name, kind]));
  return customerFieldNames.map((name) => {
    const kind = kinds.get(name);
    const empty = kind === 'array' ? '[]' : kind === 'map' ? '{}' : 'null';
    const value = `CAST(image -> '${name}' AS text)`;
    // A snapshot from before the field was added lacks it.
    return (
      `CASE WHEN COALESCE(${value}, '${empty}') = '${empty}' THEN '' ` +
      `ELSE ',"${name}":{"before":${empty},"after":' || ${value} || '}' END`
    );
  });
}

function asJson({ columnTypes }: Dialect, expression: string): string {
  return `CAST(${expression} AS ${columnTypes.json})`;
}
