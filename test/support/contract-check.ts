import { AssertionError } from 'node:assert';
import {
  type ContentDeclaration,
  faultsOf,
  type HeaderDeclaration,
  type Operation,
  type ResponseDeclaration,
  resolved,
  type Schema,
} from './contract-document.ts';
import { findOperation } from './contract-operations.ts';
import { headersForBrowsers } from './response-hygiene.ts';
import { eventReader } from './server-sent-events.ts';

interface ObservedReply {
  readonly method: string;
  /** As sent, with or without the query. */
  readonly path: string;
  readonly status: number;
  readonly headers: Headers;
  readonly bodyText: string;
}

/** Undeclared headers that a response may have, and why. */
const transportHeaders: Readonly<Record<string, string>> = {
  date: 'RFC 9110 requires it of every server with a clock',
  connection: 'hop by hop',
  'keep-alive': 'hop by hop',
  'transfer-encoding': 'hop by hop',
  'content-length': 'framing',
  'content-type': 'declared by the content of a response, never as a header',
  vary: 'for caches: negotiation and CORS',
  'access-control-allow-origin': 'CORS, handled before any operation',
  'access-control-expose-headers': 'CORS, handled before any operation',
  'cache-control': 'no-store unless the contract says otherwise',
  'strict-transport-security': 'for browsers, over TLS',
  deprecation: "derived from the contract's deprecation markers",
  sunset: "derived from the contract's deprecation markers",
  ...Object.fromEntries(Object.keys(headersForBrowsers).map((name) => [name, 'for browsers only'])),
};

let checks = 0;

/** How many responses this process has checked. */
export function repliesChecked(): number {
  return checks;
}

/**
 * Checks a response against the contract: status, headers, media type and body. Of responses that belong to
 * no operation (the router's 404, /livez) only errors are checked, as problem documents.
 * @throws AssertionError that lists all differences
 */
export function checkReply(reply: ObservedReply): void {
  checks++;
  const match = findOperation(reply.method, reply.path);
  const faults = match ? faultsOfOperation(match.operation, reply) : faultsOutside(reply);
  if (faults.length === 0) return;
  const where = match ? `${match.template} (${match.operation.operationId})` : `${reply.path} (no operation)`;
  const body = reply.bodyText.length > 1000 ? `${reply.bodyText.slice(0, 1000)}...` : reply.bodyText;
  throw new AssertionError({
    message: `${reply.method} ${where} answered ${reply.status}, off the contract:\n- ${faults.join('\n- ')}\n${body}`,
    stackStartFn: checkReply,
  });
}

/**
 * Checks one item of a streamed response against its declared schema. {@link checkReply} checks the head,
 * with the text received so far or none.
 * @throws AssertionError that lists all differences
 */
export function checkItem(method: string, path: string, mediaType: string, item: unknown): void {
  const match = findOperation(method, path);
  const response = resolved<ResponseDeclaration>(match?.operation.responses['200'] ?? {});
  const faults = faultsOfItem(response.content?.[mediaType] ?? {}, item);
  if (faults.length === 0) return;
  const message = `${method} ${path} streamed, off the contract:\n- ${faults.join('\n- ')}\n${JSON.stringify(item)}`;
  throw new AssertionError({ message, stackStartFn: checkItem });
}

function faultsOfItem({ 'x-itemSchema': schema }: ContentDeclaration, item: unknown): string[] {
  return schema ? faultsOf(schema, item) : ['no x-itemSchema is declared'];
}

function faultsOfOperation(operation: Operation, reply: ObservedReply): string[] {
  const declared = operation.responses[String(reply.status)];
  if (!declared)
    return [`the status is not declared; declared: ${Object.keys(operation.responses).join(' ')}`];
  const response = resolved<ResponseDeclaration>(declared);
  return [...faultsOfHeaders(response, reply.headers), ...faultsOfBody(response, reply)];
}

function faultsOfHeaders(response: ResponseDeclaration, headers: Headers): string[] {
  const declared = new Map(
    Object.entries(response.headers ?? {}).map(([name, header]) => [
      name.toLowerCase(),
      resolved<HeaderDeclaration>(header),
    ]),
  );
  const undeclared = [...headers.keys()].filter((name) => !declared.has(name) && !(name in transportHeaders));
  const faults = undeclared.map((name) => `header ${name} is not declared`);
  for (const [name, header] of declared) {
    const value = headers.get(name);
    if (value === null) {
      if (header.required) faults.push(`header ${name} is missing`);
    } else if (header.schema) {
      const found = faultsOf(header.schema, headerValue(value, resolved<Schema>(header.schema)));
      faults.push(...found.map((fault) => `header ${name}: ${JSON.stringify(value)} ${fault}`));
    }
  }
  return faults;
}

/** The value that a header's text represents. */
function headerValue(text: string, schema: Schema): unknown {
  if (schema.type === 'integer' || schema.type === 'number') {
    return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
  }
  if (schema.type === 'boolean') return text === 'true' || (text === 'false' ? false : text);
  if (schema.type === 'array') return text.split(/\s*,\s*/);
  return text;
}

function faultsOfBody(response: ResponseDeclaration, reply: ObservedReply): string[] {
  const bodiless = reply.method === 'HEAD' || reply.status === 204 || reply.status === 304;
  if (bodiless && reply.bodyText !== '') return ['has a body where none is allowed'];
  const mediaType = mediaTypeOf(reply.headers);
  const declared = Object.entries(response.content ?? {});
  if (declared.length === 0) {
    return reply.bodyText !== '' || mediaType !== '' ? ['has an undeclared body or content-type'] : [];
  }
  const content = declared.find(([name]) => name.toLowerCase() === mediaType)?.[1];
  if (!content) return [`content-type ${JSON.stringify(mediaType)} is not declared`];
  if (bodiless) return [];
  const value = bodyValue(mediaType, reply.bodyText);
  if (value === undefined) return ['the body is not JSON'];
  const faults = content.schema ? faultsOf(content.schema, value) : [];
  const itemSchema = content['x-itemSchema'];
  const itemFaults = itemSchema ? faultsOfItems(itemSchema, mediaType, reply.bodyText) : [];
  return [...[...faults, ...itemFaults].map((fault) => `body ${fault}`), ...faultsOfMeaning(value, reply)];
}

/** Checks each event or line of a streamed body against the schema of its items. */
function faultsOfItems(schema: Schema, mediaType: string, text: string): string[] {
  const items =
    mediaType === 'text/event-stream'
      ? eventReader()
          .read(text)
          .map(({ data }) => data)
      : linesOf(text);
  return items.flatMap((item, index) => {
    const value = bodyValue('application/json', item);
    const faults = value === undefined ? ['is no JSON'] : faultsOf(schema, value);
    return faults.map((fault) => `item ${index + 1} ${fault}`);
  });
}

/** An incomplete last line is not JSON. */
function linesOf(text: string): string[] {
  const lines = text.split('\n');
  const rest = lines.pop();
  return rest ? [...lines, `${rest} (cut off)`] : lines;
}

/** Rules that no schema can express: the body agrees with the status and headers. */
function faultsOfMeaning(value: unknown, { status, headers }: ObservedReply): string[] {
  if (typeof value !== 'object' || value === null) return [];
  const body = value as Readonly<Record<string, unknown>>;
  const tag = headers.get('etag');
  const faults: string[] = [];
  if (tag !== null && typeof body.etag === 'string' && body.etag !== tag) {
    faults.push(`the ETag ${tag} is not that of the body, ${body.etag}`);
  }
  if (mediaTypeOf(headers) !== problemType) return faults;
  if (body.status !== status) faults.push(`the problem says status ${body.status}`);
  if (!problemCodes.includes(String(body.code)))
    faults.push(`the problem's code ${body.code} is not in x-extensible-enum`);
  if (body.requestId !== headers.get('x-request-id'))
    faults.push('the problem has another requestId than the header');
  return faults;
}

const problemType = 'application/problem+json';
const problemSchema = resolved<Schema>({ $ref: 'contract#/components/schemas/Problem' });
const problemCodes = resolved<Schema>(problemSchema.properties?.code ?? {})['x-extensible-enum'] ?? [];
const problemResponse: ResponseDeclaration = { content: { [problemType]: { schema: problemSchema } } };

function faultsOutside(reply: ObservedReply): string[] {
  return reply.status >= 400 ? faultsOfBody(problemResponse, reply) : [];
}

function mediaTypeOf(headers: Headers): string {
  return (headers.get('content-type') ?? '').replace(/;.*$/s, '').trim().toLowerCase();
}

/** The JSON value, the text itself for any other media type, and undefined for invalid JSON. */
function bodyValue(mediaType: string, text: string): unknown {
  if (!/^application\/(?:[\w.-]+\+)?json$/.test(mediaType)) return text;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
