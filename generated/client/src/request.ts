// Copied from scripts/client/runtime/request.ts by `npm run generate`. Never edited here.

import type { InHand, Input, Operation } from './operation.ts';
import { isRepeatable } from './retry.ts';
import { isWhole, type Upload } from './upload.ts';

/** A request as all attempts of a call send it: the same key, and so the same request to the service. */
export interface PreparedRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
  /** A text, or what is sent piece by piece. */
  readonly body: Upload | undefined;
  /** Whether sending it twice does nothing twice. */
  readonly isRepeatable: boolean;
  /** Whether its body can be sent twice. */
  readonly isReplayable: boolean;
}

export function prepareRequest(operation: Operation, input: Input, baseUrl: string): PreparedRequest {
  const headers = headersOf(operation, input);
  const body = bodyOf(operation, input);
  return {
    method: operation.method,
    url: baseUrl + pathOf(operation.path, input.path ?? []) + queryOf(operation, input),
    headers,
    body,
    isRepeatable: isRepeatable(operation.method, headers),
    isReplayable: body === undefined || isWhole(body),
  };
}

function pathOf(template: string, values: NonNullable<Input['path']>): string {
  const rest = values.map((value) => (typeof value === 'string' ? value : value.id));
  return template.replace(/\{(\w+)\}/g, (_, name) => {
    const value = rest.shift() ?? '';
    // URLs have no way to write them as the name of something: they would lead to another path.
    if (/^\.{0,2}$/.test(value)) throw new TypeError(`${name} cannot be ${JSON.stringify(value)} in a URL.`);
    return encodeURIComponent(value);
  });
}

function queryOf({ query }: Operation, { options }: Input): string {
  const parameters = new URLSearchParams();
  for (const name of query) {
    const value = optionOf(options, name);
    if (value !== undefined) parameters.set(name, textOf(value));
  }
  return parameters.size === 0 ? '' : `?${parameters}`;
}

function headersOf(operation: Operation, { path = [], options, accept, contentType }: Input): Headers {
  const headers = new Headers({ accept: accept ?? operation.accept });
  const type = contentType ?? operation.contentType;
  if (type !== undefined) headers.set('content-type', type);
  const inHand = path.find((value): value is InHand => typeof value !== 'string');
  if (operation.guarded && inHand) headers.set('if-match', inHand.etag);
  if (operation.idempotencyKey) headers.set('idempotency-key', randomKey());
  for (const [option, name] of Object.entries(operation.headers)) {
    const value = optionOf(options, option);
    if (value !== undefined) headers.set(name, textOf(value));
  }
  return headers;
}

function bodyOf({ isUpload, leftOut }: Operation, { body }: Input): Upload | undefined {
  if (body === undefined) return undefined;
  if (isUpload) return body as Upload;
  const members = Object.entries(body as object).filter(([name]) => !leftOut?.includes(name));
  return JSON.stringify(Object.fromEntries(members));
}

/** An option by the name that the table has for it. */
function optionOf(options: Input['options'], name: string): unknown {
  return (options as Readonly<Record<string, unknown>>)[name];
}

function textOf(value: unknown): string {
  return value instanceof Date ? value.toISOString() : String(value);
}

/** A UUID of version 4; `crypto.randomUUID` is missing on pages without HTTPS. */
function randomKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const digits = Array.from(bytes, (byte, index) =>
    (index === 6 ? (byte & 0x0f) | 0x40 : index === 8 ? (byte & 0x3f) | 0x80 : byte)
      .toString(16)
      .padStart(2, '0'),
  ).join('');
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
