import { readFileSync } from 'node:fs';
import type { operations } from '../../generated/openapi.d.ts';
import type { DeprecationMarkers } from './deprecation.ts';

export type OperationId = keyof operations;

/** The parts of an OpenAPI 3.0 schema object that the service reads at run time. */
export interface SchemaObject {
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'boolean';
  readonly properties?: Readonly<Record<string, SchemaObject>>;
  readonly additionalProperties?: boolean | SchemaObject;
  readonly items?: SchemaObject;
  readonly example?: unknown;
  readonly $ref?: string;
}

export interface ParameterObject extends DeprecationMarkers {
  readonly name: string;
  readonly in: 'query' | 'header' | 'path';
  readonly schema: SchemaObject;
  readonly example?: unknown;
}

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

export interface ContractDocument {
  readonly info: { readonly title: string; readonly version: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, OperationObject>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, SchemaObject>> };
}

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

/** The contract as it was written, comments included: what `/openapi.yaml` answers. */
export const contractYaml = read('openapi.yaml');

/** The same contract as JSON: what `/openapi.json` answers. */
export const contractJson = read('generated/openapi.json');

/** The parsed contract. Shared: nobody may change it. */
export const contract: ContractDocument = JSON.parse(contractJson);

/**
 * The object that a `$ref` of this document points to, or the value itself when it is no reference.
 * @throws Error when the reference leads nowhere, which only a broken contract can do.
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

/** A schema of `components.schemas` with the references of its properties left as they are. */
export function schemaNamed(name: string): SchemaObject {
  return resolveReference<SchemaObject>({ $ref: `#/components/schemas/${name}` });
}
