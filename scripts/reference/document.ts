/** The parts of an OpenAPI 3.0 document that the reference shows. References are looked up with `resolve` of `scripts/client/contract.ts`. */
export interface Document {
  readonly info: { readonly version: string; readonly description: string };
  readonly paths: Readonly<Record<string, PathItem>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, Schema>>;
    readonly headers: Readonly<Record<string, Header>>;
  };
}

export interface Reference {
  readonly $ref: string;
}

export interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly format?: string;
  readonly description?: string;
  readonly nullable?: boolean;
  readonly enum?: readonly unknown[];
  readonly 'x-extensible-enum'?: readonly string[];
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: boolean;
  readonly maxProperties?: number;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
}

export interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly description: string;
  readonly schema: Schema;
}

export interface Header {
  readonly description: string;
}

/** A body, of a request or of a reply, by its media types. */
export type Content = Readonly<
  Record<
    string,
    {
      readonly schema: Schema;
      readonly 'x-itemSchema'?: Schema;
      readonly examples?: Readonly<Record<string, Example | Reference>>;
    }
  >
>;

export interface Example {
  readonly summary?: string;
  readonly value?: unknown;
}

export interface Response {
  readonly description: string;
  readonly headers?: Readonly<Record<string, Header | Reference>>;
  readonly content?: Content;
}

export interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly description: string;
  readonly deprecated?: boolean;
  readonly 'x-required-scope': string;
  readonly parameters?: readonly (Parameter | Reference)[];
  readonly requestBody?: { readonly description?: string; readonly content: Content };
  readonly responses: Readonly<Record<string, Response | Reference>>;
}

type PathItem = Readonly<Record<string, Operation | undefined>> & {
  readonly parameters?: readonly (Parameter | Reference)[];
};

const methods = ['get', 'put', 'post', 'patch', 'delete'];

/** An operation where it stands, with the parameters of its path. */
export interface PlacedOperation extends Operation {
  readonly method: string;
  readonly path: string;
  readonly allParameters: readonly (Parameter | Reference)[];
}

export function operationsOf(document: Document): PlacedOperation[] {
  return Object.entries(document.paths).flatMap(([path, item]) =>
    methods.flatMap((method) => {
      const operation = item[method];
      if (!operation) return [];
      const allParameters = [...(item.parameters ?? []), ...(operation.parameters ?? [])];
      return [{ ...operation, method: method.toUpperCase(), path, allParameters }];
    }),
  );
}

/** What every operation has, by its reference: told once, and not with each. */
export function isCommon(document: Document, value: object): boolean {
  return '$ref' in value && commonReferences(document).has(String(value.$ref));
}

const knownCommon = new WeakMap<Document, ReadonlySet<string>>();

function commonReferences(document: Document): ReadonlySet<string> {
  const known = knownCommon.get(document);
  if (known) return known;
  const used = operationsOf(document).map(
    ({ allParameters, responses }) =>
      new Set([...allParameters, ...Object.values(responses)].flatMap(referenceIn)),
  );
  const common = new Set(
    [...(used[0] ?? [])].filter((reference) => used.every((each) => each.has(reference))),
  );
  knownCommon.set(document, common);
  return common;
}

function referenceIn(value: object): string[] {
  return '$ref' in value ? [String(value.$ref)] : [];
}
