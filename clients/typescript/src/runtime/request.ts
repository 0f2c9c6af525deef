import { type Operation, readOnlyMembers } from '../operations.ts';
import { type CallOptions, headerNames } from '../options.ts';
import type { CustomerRef } from './call.ts';
import { isRepeatable } from './retry.ts';
import { isWhole, type Upload } from './upload.ts';

/** What one call sends. */
export interface Input {
  /** The values of the path's parameters, in order. */
  readonly path?: readonly (string | CustomerRef)[];
  /** A body to send as JSON. */
  readonly body?: object;
  /** A body to send as it is. */
  readonly upload?: Upload;
  readonly options: CallOptions;
  /** Overrides the operation's media type. */
  readonly accept?: string;
  readonly contentType?: string;
}

/** A request as every attempt sends it, with the same `Idempotency-Key`. */
export interface PreparedRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
  readonly body: Upload | undefined;
  /** Whether sending it twice has the effect of sending it once. */
  readonly isRepeatable: boolean;
  /** Whether its body can be read twice. */
  readonly isReplayable: boolean;
}

/** Builds the request of a call. */
export function prepareRequest(operation: Operation, input: Input, baseUrl: string): PreparedRequest {
  const headers = new Headers({ accept: input.accept ?? operation.accept ?? 'application/json' });
  const contentType = input.contentType ?? operation.contentType;
  if (contentType !== undefined) headers.set('content-type', contentType);
  const customer = input.path?.find((value) => typeof value !== 'string');
  if (operation.sendsIfMatch && customer) headers.set('if-match', customer.etag);
  if (operation.sendsIdempotencyKey) headers.set('idempotency-key', randomUuid());
  const query = new URLSearchParams();
  setParameters(input.options, headers, query);
  const body = input.body ? jsonOf(input.body) : input.upload;
  return {
    method: operation.method,
    url: `${baseUrl}${pathOf(operation.path, input.path ?? [])}${query.size === 0 ? '' : `?${query}`}`,
    headers,
    body,
    isRepeatable: isRepeatable(operation.method, headers),
    isReplayable: body === undefined || isWhole(body),
  };
}

/** Writes the options of an operation to its headers and query. */
function setParameters(
  { signal, timeoutMs, retriesMax, ...parameters }: CallOptions,
  headers: Headers,
  query: URLSearchParams,
): void {
  const headerOf: Readonly<Record<string, string>> = headerNames;
  for (const [option, value] of Object.entries<unknown>(parameters)) {
    if (value === undefined) continue;
    const text = value instanceof Date ? value.toISOString() : String(value);
    const header = headerOf[option];
    if (header === undefined) query.set(option, text);
    else headers.set(header, text);
  }
}

function pathOf(template: string, values: NonNullable<Input['path']>): string {
  const rest = values.map((value) => (typeof value === 'string' ? value : value.id));
  return template.replace(/\{(\w+)\}/g, (_, name) => {
    const value = rest.shift() ?? '';
    // URLs cannot express these as a name: they resolve to another path.
    if (/^\.{0,2}$/.test(value)) throw new TypeError(`${name} cannot be ${JSON.stringify(value)} in a URL.`);
    return encodeURIComponent(value);
  });
}

function jsonOf(body: object): string {
  const members = Object.entries(body).filter(([name]) => !Object.hasOwn(readOnlyMembers, name));
  return JSON.stringify(Object.fromEntries(members));
}

/** A version 4 UUID. `crypto.randomUUID` does not exist on pages without HTTPS. */
function randomUuid(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const digits = Array.from(bytes, (byte, index) =>
    (index === 6 ? (byte & 0x0f) | 0x40 : index === 8 ? (byte & 0x3f) | 0x80 : byte)
      .toString(16)
      .padStart(2, '0'),
  ).join('');
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
