import { readFileSync } from 'node:fs';
import { Ajv, type ValidateFunction } from 'ajv';
import formats from 'ajv-formats';

/** A schema object of OpenAPI 3.0, as far as the tests look into one. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly 'x-extensible-enum'?: readonly string[];
}

interface Reference {
  readonly $ref: string;
}

export interface HeaderDeclaration {
  readonly required?: boolean;
  readonly schema?: Schema;
}

export interface ResponseDeclaration {
  readonly headers?: Readonly<Record<string, HeaderDeclaration | Reference>>;
  readonly content?: Readonly<Record<string, ContentDeclaration>>;
}

export interface ContentDeclaration {
  readonly schema?: Schema;
  /** Of a streamed media type: the schema that each of its items keeps. */
  readonly 'x-itemSchema'?: Schema;
}

export interface Operation {
  readonly operationId: string;
  readonly responses: Readonly<Record<string, ResponseDeclaration | Reference>>;
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

const documentId = 'contract';

/** The contract, changed only in what `strictCopy` says. */
export const contractDocument = strictCopy(
  JSON.parse(readFileSync(new URL('../../generated/openapi.json', import.meta.url), 'utf8')),
) as Document;

const ajv = new Ajv({ strict: false, allErrors: true, logger: false });
formats.default(ajv);
ajv.addSchema(contractDocument, documentId);

/** The object behind a reference, or the value itself. */
export function resolved<T extends object>(value: T | Reference): T {
  if (!('$ref' in value) || typeof value.$ref !== 'string') return value as T;
  let target: unknown = contractDocument;
  for (const segment of value.$ref.slice(`${documentId}#/`.length).split('/')) {
    target = (target as Record<string, unknown> | undefined)?.[segment];
  }
  if (target === undefined) throw new Error(`The contract has no ${value.$ref}.`);
  return resolved(target as T | Reference);
}

const validators = new WeakMap<Schema, ValidateFunction>();

/** What is wrong with a value, in words; empty when it satisfies the schema. */
export function faultsOf(schema: Schema, value: unknown): string[] {
  let validate = validators.get(schema);
  if (!validate) {
    validate = ajv.compile(schema);
    validators.set(schema, validate);
  }
  if (validate(value)) return [];
  return (validate.errors ?? []).map(
    ({ instancePath, message, params }) =>
      `${instancePath || '(whole)'} ${message} ${JSON.stringify(params)}`,
  );
}

/**
 * The contract for a look at what the service sends. Clients must bear members that they do not know, so that the
 * contract leaves its replies open; the service itself may send none that is not declared, so that here they
 * are closed. And references name the document, so that any part of it can be compiled by itself.
 */
function strictCopy(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(strictCopy);
  if (typeof node !== 'object' || node === null) return node;
  const copy = Object.fromEntries(
    Object.entries(node).map(([key, value]) =>
      key === '$ref' && typeof value === 'string' ? [key, documentId + value] : [key, strictCopy(value)],
    ),
  );
  if (copy.type === 'object' && copy.properties && copy.additionalProperties === undefined) {
    copy.additionalProperties = false;
  }
  return copy;
}
