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

import { headersForBrowsers } from './reply-hygiene.ts';

import { eventReader } from './server-sent-events.ts';

interface ObservedReply {
  readonly method: string;
  /** As sent, with or without its query. */
  readonly path: string;
  readonly status: number;
  readonly headers: Headers;
  readonly bodyText: string;
}

/** Headers that a reply may carry although the contract does not declare them, and why. */
const transportHeaders: Readonly<Record<string, string>> = {
  date: 'RFC 9110 asks every server with a clock for it',
  connection: 'hop by hop',
  'keep-alive': 'hop by hop',
  'transfer-encoding': 'hop by hop',
  'content-length': 'framing',
  'content-type': 'declared by the content of a response, never as a header',
  vary: 'for caches: negotiation and CORS',
  'access-control-allow-origin': 'CORS, answered before any operation',
  'access-control-expose-headers': 'CORS, answered before any operation',
  'cache-control': 'no-store where the contract does not say otherwise',
  'strict-transport-security': 'for browsers, over TLS',
  deprecation: 'made from the markers of the contract itself',
  sunset: 'made from the markers of the contract itself',
  ...Object.fromEntries(
    Object.keys(headersForBrowsers).map((name) => [name, 'for browsers: no caller goes by it']),
  ),
};

let checks = 0;

/** How many replies this process has held against the contract. */
export function repliesChecked(): number {
  return checks;
}

/**
 * Holds a reply against the contract: status, headers, media type and body.
 * For what is no operation of it (the router's 404, /livez) only failures are checked: they are problems.
 * @throws AssertionError that lists everything that is off
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
 * Holds one item of a streamed reply against the schema that the contract declares for it. The reply's head is
 * checked by {@link checkReply}, with the text that has come, or none.
 * @throws AssertionError that lists everything that is off
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

/** Header fields are text: this is the value that the text stands for. */
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
  if (bodiless && reply.bodyText !== '') return ['a body where there must be none'];
  const mediaType = mediaTypeOf(reply.headers);
  const declared = Object.entries(response.content ?? {});
  if (declared.length === 0) {
    return reply.bodyText !== '' || mediaType !== ''
      ? ['a body or a content-type, and none is declared']
      : [];
  }
  const content = declared.find(([name]) => name.toLowerCase() === mediaType)?.[1];
  if (!content) return [`content-type ${JSON.stringify(mediaType)} is not declared`];
  if (bodiless) return [];
  const value = bodyValue(mediaType, reply.bodyText);
  if (value === undefined) return ['the body is no JSON'];
  const faults = content.schema ? faultsOf(content.schema, value) : [];
  const itemSchema = content['x-itemSchema'];
  const itemFaults = itemSchema ? faultsOfItems(itemSchema, mediaType, reply.bodyText) : [];
  return [...[...faults, ...itemFaults].map((fault) => `body ${fault}`), ...faultsOfMeaning(value, reply)];
}

/** Each event or line of a streamed body against the schema of its items. */
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

/** A last line that does not end is no JSON. */
function linesOf(text: string): string[] {
  const lines = text.split('\n');
  const rest = lines.pop();
  return rest ? [...lines, `${rest} (cut off)`] : lines;
}

/** What no schema can say: the body agrees with the status and the headers of its reply. */
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

/** The JSON value, the text itself for any other media type, and undefined for what is no JSON. */
function bodyValue(mediaType: string, text: string): unknown {
  if (!/^application\/(?:[\w.-]+\+)?json$/.test(mediaType)) return text;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
