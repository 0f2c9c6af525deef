import { resolve } from '../client/contract.ts';
import type { Document, Schema } from './document.ts';

/** Said in words: as a pattern it is longer than anything else in its row. */
const uuidPattern = '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$';

/** A text as one cell of a table. */
function cell(text: string): string {
  return text
    .trim()
    .replace(/\s*\n\s*/g, ' ')
    .replaceAll('|', '\\|');
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(cell).join(' | ')} |`.replaceAll('|  |', '| |');
  return [line(head), `|${head.map(() => '---|').join('')}`, ...rows.map(line)].join('\n');
}

/** `Customer` of `#/components/schemas/Customer`. */
export function nameOf({ $ref }: Schema): string | undefined {
  return $ref?.replace('#/components/schemas/', '');
}

/** An object with members of its own has a section; anything else is told where it is used. */
function hasSection(document: Document, schema: Schema): boolean {
  return nameOf(schema) !== undefined && resolve<Schema>(document, schema).properties !== undefined;
}

export function linkTo(name: string): string {
  return `[${name}](#${name.toLowerCase()})`;
}

/** What a value has to be, in words and with every bound. */
export function rulesOf(document: Document, schema: Schema): string {
  const name = nameOf(schema);
  const meant = resolve<Schema>(document, schema);
  const isLinked = name !== undefined && hasSection(document, schema);
  const rules = isLinked ? [linkTo(name)] : [kindOf(document, meant), ...boundsOf(meant)];
  return `${rules.join(', ')}${meant.nullable ? ', or null' : ''}`;
}

function kindOf(document: Document, schema: Schema): string {
  const values = schema.enum?.map((value) => `\`${value}\``);
  if (values) return values.length === 1 ? `${values}` : `one of ${values.join(', ')}`;
  if (schema.items) return `list of ${rulesOf(document, schema.items)}`;
  if (typeof schema.additionalProperties === 'object') {
    return `object of ${rulesOf(document, schema.additionalProperties)}`;
  }
  const kinds: Readonly<Record<string, string>> = { string: 'text', boolean: '`true` or `false`' };
  const kind = kinds[schema.type ?? ''] ?? schema.type ?? 'any';
  if (schema.pattern === uuidPattern) return 'UUID in lower case';
  return schema.format === 'date-time' ? 'time (RFC 3339)' : kind;
}

function boundsOf(schema: Schema): string[] {
  if (schema.enum || schema.format === 'date-time' || schema.pattern === uuidPattern) return [];
  const { pattern } = schema;
  return [
    ...between(schema.minLength, schema.maxLength, 'characters'),
    ...between(schema.minimum, schema.maximum, ''),
    ...between(schema.minItems, schema.maxItems, 'of them'),
    ...between(undefined, schema.maxProperties, 'keys'),
    ...(schema.uniqueItems ? ['each once'] : []),
    // The one that says no more than that the text has no U+0000.
    ...(pattern && pattern !== '^[^\\x00]*$' ? [`\`${pattern}\``] : []),
  ];
}

function between(least: number | undefined, most: number | undefined, unit: string): string[] {
  const number = (value: number) => value.toLocaleString('en-US');
  const after = unit === '' ? '' : ` ${unit}`;
  if (least !== undefined && most !== undefined) return [`${number(least)} to ${number(most)}${after}`];
  if (most !== undefined) return [`at most ${number(most)}${after}`];
  return least !== undefined && least > 0 ? [`at least ${number(least)}${after}`] : [];
}
