import { Agent, request as httpRequest, type OutgoingHttpHeaders } from 'node:http';
import { contract, type ParameterObject, resolveReference } from '../../src/contract/document.ts';
import { type Operation, operationsById } from '../../src/contract/operations.ts';

/** A request that would succeed with a valid credential. */
export interface Draft {
  readonly operation: Operation;
  readonly method: string;
  readonly path: string;
  readonly headers: OutgoingHttpHeaders;
  readonly body: string | undefined;
}

interface Example {
  readonly value: unknown;
}

/**
 * One request per operation, built from the contract's examples, so that new operations are covered
 * automatically.
 */
export function draftsOf(customerId: string): Draft[] {
  return [...operationsById.values()].map((operation) => {
    const mediaType = operation.requestMediaTypes[0];
    const value = mediaType && exampleBody(operation, mediaType);
    return {
      operation,
      method: operation.method,
      path: operation.path.replace(/\{(\w+)\}/g, (_, name) => parameterValue(operation, name, customerId)),
      headers: mediaType ? { 'Content-Type': mediaType } : {},
      body: typeof value === 'object' ? JSON.stringify(value) : value?.toString(),
    };
  });
}

function parameterValue({ parameters }: Operation, name: string, customerId: string): string {
  if (name === 'customerId') return customerId;
  const parameter = parameters.find((each) => each.name === name) as ParameterObject;
  return encodeURIComponent(String(parameter.example));
}

function exampleBody({ path, method }: Operation, mediaType: string): unknown {
  const { requestBody } = contract.paths[path]?.[method.toLowerCase()] ?? {};
  const { examples } = (requestBody?.content[mediaType] ?? {}) as { examples?: Record<string, Example> };
  const [example] = Object.values(examples ?? {});
  if (!example) throw new Error(`${method} ${path} has no example of ${mediaType}.`);
  return resolveReference<Example>(example).value;
}

export interface PlainReply {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly text: string;
}

/** Sends paths unchanged, which fetch does not, over keep-alive connections. */
export function plainSender(url: string) {
  const agent = new Agent({ keepAlive: true, maxSockets: 16 });
  const { hostname, port } = new URL(url);
  return {
    close: () => agent.destroy(),
    send(method: string, path: string, headers: OutgoingHttpHeaders, body?: string): Promise<PlainReply> {
      // Node omits it for methods that rarely have a body, and the body would be read as the next request.
      const length = body === undefined ? {} : { 'Content-Length': Buffer.byteLength(body) };
      const options = { agent, hostname, port, method, path, headers: { ...headers, ...length } };
      return new Promise((resolve, reject) => {
        const request = httpRequest(options, (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () =>
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              text: Buffer.concat(chunks).toString(),
            }),
          );
        });
        request.on('error', reject);
        request.end(body);
      });
    },
  };
}
