import type { Request, RequestHandler, Response } from 'express';
import type { Handlers } from '../contract/handler.ts';
import type { Operation } from '../contract/operations.ts';
import { Failure, unavailable } from '../domain/failures.ts';
import { within } from '../operations/within.ts';
import type { Admission } from './admission.ts';
import { startReplyDeadline } from './reply-deadline.ts';
import type { RequestContext } from './request-context.ts';
import { securityHeaders } from './security-headers.ts';
import { sendStream } from './send-stream.ts';
import { workClasses } from './work-classes.ts';

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
