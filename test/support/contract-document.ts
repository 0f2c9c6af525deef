import { readFileSync } from 'node:fs';
import { Ajv, type ValidateFunction } from 'ajv';
import formats from 'ajv-formats';

/** The parts of an OpenAPI 3.0 schema object that the tests use. */
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
  /** Schema of each item of a streamed media type. */
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

/** The contract, in its strict form (see `strictCopy`). */
export const contractDocument = strictCopy(
  JSON.parse(readFileSync(new URL('../../generated/openapi.json', import.meta.url), 'utf8')),
) as Document;

const ajv = new Ajv({ strict: false, allErrors: true, logger: false });
formats.default(ajv);
ajv.addSchema(contractDocument, documentId);

/** The object a reference points to, or the value itself. */
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

/** The errors of a value, in words; empty if it satisfies the schema. */
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
 * A strict copy of the contract for checking responses: clients must tolerate unknown members, so the
 * contract leaves responses open, but the service must not send undeclared members. References name the
 * document, so that any part can be compiled alone.
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
