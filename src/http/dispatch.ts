import type { ServerResponse } from 'node:http';
import type { Request, RequestHandler, Response } from 'express';
import type { Handlers } from '../contract/handler.ts';
import type { Operation } from '../contract/operations.ts';
import { unavailable } from '../domain/failures.ts';
import { withTimeout } from '../runtime/with-timeout.ts';
import { type LoadShedder, priorities } from './middleware/load-shedding.ts';
import { HttpFailure } from './problem.ts';
import type { RequestContext } from './request-context.ts';
import { securityHeaders } from './security-headers.ts';

/** What a handler gets in addition to the inputs that the contract declares. */
export interface HandlerContext {
  readonly request: Pick<Request, 'method' | 'originalUrl' | 'headers'> & {
    readonly context: RequestContext;
  };
}

/** A reply of any operation. Handlers return the type of their own operation. */
interface AnyReply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly mediaType?: string;
  readonly body?: unknown;
}

type AnyHandler = (call: unknown) => AnyReply | Promise<AnyReply>;

/** Calls the handler of the matched operation and sends its reply: the only place that writes successful replies. */
export function dispatch(handlers: Handlers<HandlerContext>, loadShedder: LoadShedder): RequestHandler {
  return async function dispatch(request, response) {
    const { operation } = request.context;
    if (!operation) throw new HttpFailure('not_found', 'There is nothing at this path.');
    const handler = handlers[operation.id] as AnyHandler;
    loadShedder.acquireSlot(priorities[operation.id]);
    let reply: AnyReply;
    try {
      reply = await beforeHardDeadline(handler(callOf(request, operation)), request.context.hardDeadlineMs);
    } finally {
      loadShedder.releaseOnClose(response);
    }
    if (isStream(reply.body)) await acquireStreamSlot(reply.body, response, loadShedder);
    await send(response, reply, operation);
  };
}

/** Closes the source before any of it is sent if there is no slot for another stream. */
async function acquireStreamSlot(
  body: AsyncIterable<Uint8Array>,
  response: Response,
  loadShedder: LoadShedder,
): Promise<void> {
  try {
    loadShedder.convertToStream(response);
  } catch (failure) {
    await body[Symbol.asyncIterator]().return?.();
    throw failure;
  }
}

/** Responds even if the handler hangs. */
function beforeHardDeadline(
  reply: AnyReply | Promise<AnyReply>,
  hardDeadlineMs: number,
): AnyReply | Promise<AnyReply> {
  return reply instanceof Promise ? withTimeout(hardDeadlineMs - Date.now(), reply, throwTooLate) : reply;
}

function throwTooLate(): never {
  throw unavailable(
    'The request took too long. A write may have been stored: read the customer before you repeat it.',
  );
}

/** The call that the handler receives: a `Call` of its operation, with the {@link HandlerContext}. */
function callOf(request: Request, operation: Operation) {
  const headers: Record<string, unknown> = {};
  for (const name of operation.headerNames) {
    const value = request.headers[name.toLowerCase()];
    if (value !== undefined) headers[name] = value;
  }
  return {
    path: request.openapi?.pathParams,
    query: request.query,
    headers,
    body: operation.streamsRequest ? request : request.body,
    contentType: request.headers['content-type'],
    accepts: request.context.responseMediaType ?? operation.responseMediaTypes[0],
    request,
  };
}

async function send(response: Response, reply: AnyReply, operation: Operation): Promise<void> {
  const { context, socket } = response.req;
  const headers: Record<string, string | number> = {
    ...securityHeaders(socket),
    'X-Request-Id': context.requestId,
    ...context.rateLimit,
  };
  for (const [name, value] of Object.entries(reply.headers ?? {})) {
    if (value !== undefined) headers[name] = value;
  }
  // Keep the Link of a deprecated operation.
  if (headers.Link && response.hasHeader('Link'))
    headers.Link = `${response.getHeader('Link')}, ${headers.Link}`;
  if (reply.body === undefined) {
    response.writeHead(reply.status, headers).end();
    return;
  }
  headers['Content-Type'] = reply.mediaType ?? operation.responseMediaTypes[0] ?? 'application/json';
  if (isStream(reply.body)) {
    response.writeHead(reply.status, headers);
    if (context.method === 'HEAD') response.end();
    else await sendStream(response, reply.body);
    return;
  }
  const bytes = toBytes(reply.body);
  headers['Content-Length'] = bytes.length;
  response.writeHead(reply.status, headers).end(bytes);
  startResponseDeadline(response);
}

/** Encodes the body once: given text, Node would encode it for its length and again to send it. */
function toBytes(body: unknown): Uint8Array {
  if (body instanceof Uint8Array) return body;
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
}

function isStream(body: unknown): body is AsyncIterable<Uint8Array> {
  return typeof body === 'object' && body !== null && Symbol.asyncIterator in body;
}

/**
 * Sends a streamed body with backpressure, and closes its source when the client disconnects.
 * Rejects if the source does; the caller must then cut the response, so that it does not look complete.
 */
export async function sendStream(response: ServerResponse, source: AsyncIterable<Uint8Array>): Promise<void> {
  const iterator = source[Symbol.asyncIterator]();
  // Not after the pending next(): the source may wait for a long time, for the next change or the rest of an upload.
  const closeSource = () => void Promise.resolve(iterator.return?.()).catch(() => undefined);
  response.once('close', closeSource);
  try {
    for (;;) {
      const { done, value } = await iterator.next();
      if (done || response.closed) break;
      if (!response.write(value)) await drained(response);
    }
    response.end();
  } finally {
    response.off('close', closeSource);
    // The client may have disconnected before the listener was attached.
    closeSource();
  }
}

/** Resolves when the response accepts more data, or closes. */
function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const settle = () => {
      response.off('drain', settle);
      response.off('close', settle);
      resolve();
    };
    response.once('drain', settle);
    response.once('close', settle);
  });
}

/** How long a client may take to read a response that is not streamed. */
const responseTimeoutMs = 30_000;

/** Disconnects a client that does not read its response, which would hold memory and a request slot. */
function startResponseDeadline(response: Response): void {
  // Most responses fit into the socket's buffer.
  if (response.writableFinished) return;
  const timer = setTimeout(() => response.req.socket.destroy(), responseTimeoutMs);
  response.once('close', () => clearTimeout(timer));
}
