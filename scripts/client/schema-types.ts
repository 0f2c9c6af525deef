import { type ContractDocument, resolve, type Schema, schemaName } from './contract.ts';
import { docComment } from './doc-comment.ts';

/** Every schema of the contract as a type of its own name, with the contract's words. */
export function emitTypes(document: ContractDocument): string {
  return Object.entries(document.components.schemas)
    .map(
      ([name, schema]) =>
        docComment(schema.description ?? name) + declaration(name, described(document, schema)),
    )
    .join('\n');
}

/** Its members have the words of what they refer to, where they have none of their own: an editor shows them. */
function described(document: ContractDocument, schema: Schema): Schema {
  if (!schema.properties) return schema;
  const properties = Object.entries(schema.properties).map(([name, member]) => {
    const { description } = resolve(document, member);
    return [name, description === undefined ? member : { description, ...member }];
  });
  return { ...schema, properties: Object.fromEntries(properties) };
}

function declaration(name: string, schema: Schema): string {
  const isInterface = schema.properties !== undefined && !schema.nullable;
  if (isInterface) return `export interface ${name} ${members(schema, '')}\n`;
  return `export type ${name} = ${typeOf(schema)};\n`;
}

/** The type of a value that a schema describes. */
export function typeOf(schema: Schema, indent = ''): string {
  const type = plainType(schema, indent);
  return schema.nullable && !type.split(' | ').includes('null') ? `${type} | null` : type;
}

function plainType(schema: Schema, indent: string): string {
  const name = schemaName(schema);
  if (name !== undefined) return name;
  if (schema.enum) return schema.enum.map(literal).join(' | ');
  const known = schema['x-extensible-enum'];
  // `& {}` keeps the known values for an editor to offer, where any text is possible.
  if (known) return `${known.map(literal).join(' | ')} | (string & {})`;
  if (schema.type === 'array') return `${grouped(typeOf(schema.items ?? {}, indent))}[]`;
  if (schema.type === 'object') return objectType(schema, indent);
  if (schema.type === 'integer') return 'number';
  return schema.type ?? 'unknown';
}

function objectType(schema: Schema, indent: string): string {
  if (schema.properties) return members(schema, indent);
  const value =
    typeof schema.additionalProperties === 'object' ? typeOf(schema.additionalProperties, indent) : 'unknown';
  return `{ [key: string]: ${value} }`;
}

function members({ properties = {}, required = [] }: Schema, indent: string): string {
  const inner = `${indent}  `;
  const lines = Object.entries(properties).map(([name, schema]) => {
    const comment = schema.description === undefined ? '' : docComment(schema.description, inner);
    return `${comment}${inner}${name}${required.includes(name) ? '' : '?'}: ${typeOf(schema, inner)};\n`;
  });
  return `{\n${lines.join('')}${indent}}`;
}

function literal(value: unknown): string {
  return typeof value === 'string' ? `'${value.replaceAll("'", "\\'")}'` : String(value);
}

function grouped(type: string): string {
  return type.includes(' | ') ? `(${type})` : type;
}
