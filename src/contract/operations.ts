import { type DeprecationHeaders, deprecationHeaders } from './deprecation.ts';
import {
  contract,
  type OperationId,
  type OperationObject,
  type ParameterObject,
  resolveReference,
  type SchemaObject,
} from './document.ts';

/** Media types whose bodies are streamed and never held in memory as a whole. */
export const streamedMediaTypes = ['application/x-ndjson', 'text/csv', 'text/event-stream'] as const;

/** A media type whose bodies are streamed. */
export type StreamedMediaType = (typeof streamedMediaTypes)[number];

/** Whether bodies of the media type are streamed. */
export function isStreamed(mediaType: string): mediaType is StreamedMediaType {
  return streamedMediaTypes.some((streamed) => streamed === mediaType);
}

/** An operation of the contract, prepared for the HTTP layer. */
export interface Operation {
  readonly id: OperationId;
  /** Upper case, such as `GET`. */
  readonly method: string;
  /** The path template, such as `/customers/{customerId}`, which is safe to log. */
  readonly path: string;
  /** The scope that a caller needs. No caller has the empty scope. */
  readonly requiredScope: string;
  readonly parameters: readonly ParameterObject[];
  /** The schema of the request body; all its media types share it. */
  readonly bodySchema: SchemaObject | undefined;
  readonly headerNames: readonly string[];
  readonly queryNames: ReadonlySet<string>;
  /** Query parameters of type integer. */
  readonly integerParameters: readonly string[];
  /** Media types of the request body; empty without a body. */
  readonly requestMediaTypes: readonly string[];
  /** Whether the handler receives the request body as a stream. */
  readonly streamsRequest: boolean;
  /** Media types of the success responses; empty without a body. */
  readonly responseMediaTypes: readonly string[];
  /** Whether contract violations get the declared 422; otherwise they get 400. */
  readonly declaresUnprocessable: boolean;
  /** Headers of each response while the operation is deprecated. */
  readonly deprecation: DeprecationHeaders | undefined;
  readonly deprecatedParameters: readonly DeprecatedParameter[];
}

interface DeprecatedParameter extends Pick<ParameterObject, 'name' | 'in'> {
  /** Headers of the response to a request that uses the parameter. */
  readonly deprecation: DeprecationHeaders;
}

/** Every operation of the contract by its operationId. */
export const operationsById: ReadonlyMap<OperationId, Operation> = new Map(
  Object.entries(contract.paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([, operation]) => operation.operationId)
      .map(([method, operation]) => [operation.operationId, describeOperation(path, method, operation)]),
  ),
);

/** Every scope that some operation requires. */
export const requiredScopes: ReadonlySet<string> = new Set(
  [...operationsById.values()].map(({ requiredScope }) => requiredScope),
);

/**
 * The operation with this id.
 * @throws Error if the contract has none.
 */
export function operationById(id: OperationId): Operation {
  const operation = operationsById.get(id);
  if (!operation) throw new Error(`The contract has no operation ${id}.`);
  return operation;
}

/**
 * The contract's example for the value at this path, such as `['body', 'address', 'city']`; undefined if it has none.
 */
export function exampleAt(operation: Operation, [place, ...names]: readonly string[]): unknown {
  if (place === 'body') return bodyMemberAt(operation, names)?.example;
  const parameter = operation.parameters.find(({ name }) => name.toLowerCase() === names[0]?.toLowerCase());
  return parameter?.example ?? (parameter && resolveReference(parameter.schema).example);
}

/** The schema of a member of the body, by the names that lead to it. */
export function bodyMemberAt(operation: Operation, names: readonly string[]): SchemaObject | undefined {
  let schema = operation.bodySchema && resolveReference(operation.bodySchema);
  for (const name of names) {
    const member = schema && memberSchema(schema, name);
    schema = member && resolveReference(member);
  }
  return schema;
}

function memberSchema(schema: SchemaObject, name: string): SchemaObject | undefined {
  const { properties = {}, additionalProperties, items } = schema;
  if (Object.hasOwn(properties, name)) return properties[name];
  return typeof additionalProperties === 'object' ? additionalProperties : items;
}

function describeOperation(path: string, method: string, operation: OperationObject): Operation {
  const pathItem = contract.paths[path] as { readonly parameters?: OperationObject['parameters'] };
  const parameters = [...(pathItem.parameters ?? []), ...(operation.parameters ?? [])].map((parameter) =>
    resolveReference<ParameterObject>(parameter),
  );
  return {
    id: operation.operationId,
    method: method.toUpperCase(),
    path,
    requiredScope: operation['x-required-scope'] ?? '',
    parameters,
    bodySchema: Object.values(operation.requestBody?.content ?? {})[0]?.schema,
    headerNames: parameters.filter((parameter) => parameter.in === 'header').map(({ name }) => name),
    queryNames: new Set(parameters.filter((parameter) => parameter.in === 'query').map(({ name }) => name)),
    integerParameters: parameters
      .filter((parameter) => parameter.in === 'query' && parameter.schema.type === 'integer')
      .map(({ name }) => name),
    requestMediaTypes: Object.keys(operation.requestBody?.content ?? {}),
    streamsRequest: Object.keys(operation.requestBody?.content ?? {}).some(isStreamed),
    responseMediaTypes: successMediaTypes(operation),
    declaresUnprocessable: '422' in operation.responses,
    ...describeDeprecation(operation, parameters),
  };
}

/** The deprecation headers link to the operation on the docs page. */
function describeDeprecation(operation: OperationObject, parameters: readonly ParameterObject[]) {
  const { operationId: id, tags = [] } = operation;
  const information = `/docs#/${tags[0]}/${id}`;
  return {
    deprecation: deprecationHeaders(id, operation, information),
    deprecatedParameters: parameters.flatMap((parameter) => {
      const deprecation = deprecationHeaders(`${id} ${parameter.name}`, parameter, information);
      return deprecation ? [{ name: parameter.name, in: parameter.in, deprecation }] : [];
    }),
  };
}

function successMediaTypes(operation: OperationObject): string[] {
  const types = Object.entries(operation.responses)
    .filter(([status]) => status.startsWith('2'))
    .flatMap(([, response]) => Object.keys(resolveReference(response).content ?? {}));
  return [...new Set(types)];
}
