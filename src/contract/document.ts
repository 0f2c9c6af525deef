import { readFileSync } from 'node:fs';
import type { operations } from '../../generated/openapi.d.ts';
import type { DeprecationMarkers } from './deprecation.ts';

/** The `operationId` of an operation of the contract. */
export type OperationId = keyof operations;

/** The members of an OpenAPI 3.0 schema object that the service reads at run time. */
export interface SchemaObject {
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'boolean';
  readonly properties?: Readonly<Record<string, SchemaObject>>;
  readonly additionalProperties?: boolean | SchemaObject;
  readonly items?: SchemaObject;
  readonly example?: unknown;
  readonly $ref?: string;
}

/** The members of a parameter object that the service reads. */
export interface ParameterObject extends DeprecationMarkers {
  readonly name: string;
  readonly in: 'query' | 'header' | 'path';
  readonly schema: SchemaObject;
  readonly example?: unknown;
}

/** The members of an operation object that the service reads. */
export interface OperationObject extends DeprecationMarkers {
  readonly operationId: OperationId;
  readonly tags?: readonly string[];
  readonly security?: readonly Readonly<Record<string, readonly string[]>>[];
  readonly 'x-required-scope'?: string;
  readonly parameters?: ReadonlyArray<ParameterObject | { readonly $ref: string }>;
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: SchemaObject }>> };
  readonly responses: Readonly<
    Record<string, { readonly $ref: string } | { readonly content?: Readonly<Record<string, unknown>> }>
  >;
}

/** The members of the OpenAPI document that the service reads. */
export interface ContractDocument {
  readonly info: { readonly title: string; readonly version: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, OperationObject>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, SchemaObject>> };
}

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

/** The contract as written, with comments; served at `/openapi.yaml`. */
export const contractYaml = read('openapi.yaml');

/** The contract as JSON; served at `/openapi.json`. */
export const contractJson = read('generated/openapi.json');

/** The parsed contract. Treat it as immutable. */
export const contract: ContractDocument = JSON.parse(contractJson);

/**
 * Resolves a `$ref` into this document; returns any other value as it is.
 * @throws Error if the target does not exist, which is a fault of the contract.
 */
export function resolveReference<T extends object>(value: T | { readonly $ref: string }): T {
  if (!('$ref' in value) || typeof value.$ref !== 'string') return value as T;
  let target: unknown = contract;
  for (const segment of value.$ref.replace(/^#\//, '').split('/')) {
    target = (target as Record<string, unknown> | undefined)?.[segment];
  }
  if (target === undefined) throw new Error(`The contract has no ${value.$ref}.`);
  return resolveReference(target as T | { readonly $ref: string });
}

/** The schema of this name in `components.schemas`. References of its properties are not resolved. */
export function schemaNamed(name: string): SchemaObject {
  return resolveReference<SchemaObject>({ $ref: `#/components/schemas/${name}` });
}
