import type { ServerResponse } from 'node:http';
import type { Request, RequestHandler, Response } from 'express';
import type { Handlers } from '../contract/handler.ts';
import type { Operation } from '../contract/operations.ts';
import { Failure, unavailable } from '../domain/failures.ts';
import { within } from '../runtime/with-timeout.ts';
import { securityHeaders } from './headers.ts';
import { type Admission, workClasses } from './middleware/load-shedding.ts';
import type { RequestContext } from './request-context.ts';

/** What a handler gets beside what the contract declares. */
export interface HandlerContext {
  readonly request: Pick<Request, 'method' | 'originalUrl' | 'headers'> & {
    readonly context: RequestContext;
  };
}

/** A reply whose type the compiler has checked against its operation. */
interface AnyReply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly mediaType?: string;
  readonly body?: unknown;
}

type AnyHandler = (call: unknown) => AnyReply | Promise<AnyReply>;

/**
 * Calls the handler of the operation that the validator matched, and sends what it returns. Nobody else
 * writes a reply, but for problems.
 */
export function dispatch(handlers: Handlers<HandlerContext>, admission: Admission): RequestHandler {
  return async function dispatch(request, response) {
    const { operation } = request.context;
    if (!operation) throw new Failure('not_found', 'There is nothing at this path.');
    const handler = handlers[operation.id] as AnyHandler;
    admission.enter(workClasses[operation.id]);
    let reply: AnyReply;
    try {
      reply = await beforeLatest(handler(callOf(request, operation)), request.context.latestMs);
    } finally {
      admission.leaveWith(response);
    }
    if (isStream(reply.body)) await beginStream(reply.body, response, admission);
    await send(response, reply, operation);
  };
}

/** A stream that is one too many is ended at its source, before anything of it is sent. */
async function beginStream(
  body: AsyncIterable<Uint8Array>,
  response: Response,
  admission: Admission,
): Promise<void> {
  try {
    admission.becomeStream(response);
  } catch (failure) {
    await body[Symbol.asyncIterator]().return?.();
    throw failure;
  }
}

/** The last resort: whatever a handler waits for, its caller is answered. */
function beforeLatest(reply: AnyReply | Promise<AnyReply>, latestMs: number): AnyReply | Promise<AnyReply> {
  return reply instanceof Promise ? within(latestMs - Date.now(), reply, tooLate) : reply;
}

function tooLate(): never {
  throw unavailable('The request took too long. If it was a write, read what became of it.');
}

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
    accepts: request.context.replyMediaType ?? operation.responseMediaTypes[0],
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
  // Beside the link that says that the operation is deprecated.
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
  const bytes = bytesOf(reply.body);
  headers['Content-Length'] = bytes.length;
  response.writeHead(reply.status, headers).end(bytes);
  startReplyDeadline(response);
}

/**
 * A rendered body is JSON already. Made bytes once: Node would go through a long text again for its length, to join it
 * to the headers, and to send it.
 */
function bytesOf(body: unknown): Uint8Array {
  if (body instanceof Uint8Array) return body;
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
}

function isStream(body: unknown): body is AsyncIterable<Uint8Array> {
  return typeof body === 'object' && body !== null && Symbol.asyncIterator in body;
}

/**
 * Sends a body piece by piece, no faster than the client reads it, and ends its source when the client is gone.
 * Rejects when the source does; the reply must then be cut, so that nobody takes half of it for whole.
 */
export async function sendStream(response: ServerResponse, source: AsyncIterable<Uint8Array>): Promise<void> {
  const iterator = source[Symbol.asyncIterator]();
  // At once, for a source may wait for long: for the next change, or for the rest of an upload.
  const leave = () => void Promise.resolve(iterator.return?.()).catch(() => undefined);
  response.once('close', leave);
  try {
    for (;;) {
      const { done, value } = await iterator.next();
      if (done || response.closed) break;
      if (!response.write(value)) await drained(response);
    }
    response.end();
  } finally {
    response.off('close', leave);
    // The client may have been gone before anybody listened.
    leave();
  }
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const goOn = () => {
      response.off('drain', goOn);
      response.off('close', goOn);
      resolve();
    };
    response.once('drain', goOn);
    response.once('close', goOn);
  });
}

/** How long a client may take to read a reply that is sent as a whole: a page of the largest customers is 3 MB. */
const replyTimeoutMs = 30_000;

/**
 * Cuts a client that does not read what it asked for: the reply would hold memory, and a request's place. Most
 * replies fit into the system's own buffer and are gone already; a streamed one may last.
 */
export function startReplyDeadline(response: Response): void {
  if (response.writableFinished) return;
  const timer = setTimeout(() => response.req.socket.destroy(), replyTimeoutMs);
  response.once('close', () => clearTimeout(timer));
}
