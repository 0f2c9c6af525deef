/** The parts of an OpenAPI 3.0 document that a client is made from; the contract's own lint forbids the rest. */
export interface ContractDocument {
  readonly info: { readonly title: string; readonly version: string };
  readonly paths: Readonly<Record<string, PathItem>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

export interface Reference {
  readonly $ref: string;
}

export interface Schema {
  readonly $ref?: string;
  readonly type?: 'string' | 'integer' | 'number' | 'boolean' | 'array' | 'object';
  readonly format?: string;
  readonly description?: string;
  readonly nullable?: boolean;
  readonly enum?: readonly unknown[];
  /** Known values of a text that may get more. */
  readonly 'x-extensible-enum'?: readonly string[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
}

export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly description: string;
  readonly schema: Schema;
}

export interface MediaTypes {
  readonly [name: string]: { readonly schema: Schema; readonly 'x-itemSchema'?: Schema };
}

interface OperationObject {
  readonly operationId: string;
  readonly summary: string;
  readonly description: string;
  readonly parameters?: readonly (Parameter | Reference)[];
  readonly requestBody?: { readonly content: MediaTypes };
  readonly responses: Readonly<Record<string, { readonly content?: MediaTypes } | Reference>>;
}

/** By method, in lower case. */
type PathItem = Readonly<Record<string, OperationObject | undefined>> & {
  readonly parameters?: readonly (Parameter | Reference)[];
};

/** What a reference means, or the object itself. */
export function resolve<T extends object>(document: object, value: T | Reference): T {
  if (!('$ref' in value) || typeof value.$ref !== 'string') return value as T;
  let target: unknown = document;
  for (const segment of value.$ref.slice('#/'.length).split('/')) {
    target = (target as Readonly<Record<string, unknown>> | undefined)?.[segment];
  }
  if (typeof target !== 'object' || target === null) throw new Error(`The contract has no ${value.$ref}.`);
  return resolve(document, target as T | Reference);
}

/** `Customer` of `{$ref: '#/components/schemas/Customer'}`. */
export function schemaName({ $ref }: Schema): string | undefined {
  return $ref?.replace('#/components/schemas/', '');
}
