import { type ContractDocument, type MediaTypes, type Parameter, resolve, type Schema } from './contract.ts';

/** An operation of the contract, as a client has to see it. */
export interface ClientOperation {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly summary: string;
  readonly description: string;
  readonly pathParameters: readonly Parameter[];
  readonly queryParameters: readonly Parameter[];
  readonly headerParameters: readonly Parameter[];
  /** The media types of the body with their schemas; none when it has no body. */
  readonly bodies: readonly MediaType[];
  /** The media types of a success with their schemas; none when it answers nothing. */
  readonly replies: readonly MediaType[];
  readonly statuses: readonly string[];
}

export interface MediaType {
  readonly name: string;
  readonly schema: Schema;
  /** Of a stream: what each of its items is. */
  readonly item: Schema | undefined;
}

const methods = ['get', 'post', 'put', 'patch', 'delete'];

/** All operations, in the order of the contract. */
export function contractOperations(document: ContractDocument): ClientOperation[] {
  return Object.entries(document.paths).flatMap(([path, item]) =>
    methods.flatMap((method) => {
      const operation = item[method];
      if (!operation) return [];
      const parameters = [...(operation.parameters ?? []), ...(item.parameters ?? [])].map((each) =>
        resolve(document, each),
      );
      const placed = (place: Parameter['in']) => parameters.filter((parameter) => parameter.in === place);
      const responses = Object.entries(operation.responses).map(
        ([status, response]) => [status, resolve(document, response)] as const,
      );
      return {
        id: operation.operationId,
        method: method.toUpperCase(),
        path,
        summary: operation.summary,
        description: operation.description,
        pathParameters: placed('path'),
        queryParameters: placed('query'),
        headerParameters: placed('header'),
        bodies: mediaTypes(operation.requestBody?.content),
        replies: mediaTypes(
          responses.find(([status, { content }]) => status < '300' && content)?.[1].content,
        ),
        statuses: responses.map(([status]) => status),
      };
    }),
  );
}

function mediaTypes(content: MediaTypes = {}): MediaType[] {
  return Object.entries(content).map(([name, { schema, 'x-itemSchema': item }]) => ({ name, schema, item }));
}
