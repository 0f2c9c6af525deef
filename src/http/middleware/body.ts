import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import express, { type NextFunction, type Request, type RequestHandler } from 'express';
import { findJsonTextError } from '../../bulk/json-text.ts';
import { Failure, invalidRequest } from '../../domain/failures.ts';
import { closeAfterResponse } from '../connections.ts';
import { HttpFailure } from '../problem.ts';

/** More than twice the largest customer in ordinary text. */
export const bodyBytesMax = 65_536;

/** How long a client may keep sending a refused body, so that it gets to read the response. */
const lingerMs = 1000;

/** Parses the JSON body of an operation and keeps its bytes. Streamed bodies are left to the handler. */
export function readBody(): RequestHandler {
  const parse = express.json({
    limit: bodyBytesMax,
    // Accept any JSON value, so that the contract's validator reports a wrong type (422).
    strict: false,
    // `checkMediaTypes` refuses compressed bodies.
    inflate: false,
    type: () => true,
    verify(request, _response, bytes) {
      const fault = findJsonTextError(bytes);
      if (fault) throw new Failure('malformed_json', fault);
      (request as Request).context.bodyBytes = bytes;
    },
  });
  return function readBody(request, response, next) {
    const { operation } = request.context;
    if (!operation?.requestMediaTypes.length) {
      next();
      return;
    }
    if (operation.streamsRequest) {
      clearBodyDeadline(request);
      next();
      return;
    }
    const done = once(next);
    if (Number(request.headers['content-length'] ?? 0) > bodyBytesMax) {
      refuseAfterLinger(request, done);
      return;
    }
    if (request.headers['transfer-encoding'] !== undefined) limitChunkedBody(request, done);
    parse(request, response, (error?: { readonly type?: string }) => {
      if (error?.type === 'entity.too.large') done(tooLarge());
      // express.json() accepts an empty body, and so does the validator.
      else done(error ?? (request.context.bodyBytes?.length ? undefined : missingBody()));
    });
  };
}

/** Refuses a chunked body as soon as it is too large: express.json() would wait for its end. */
function limitChunkedBody(request: Request, next: NextFunction): void {
  let received = 0;
  request.on('data', function count(chunk: Buffer) {
    received += chunk.length;
    if (received <= bodyBytesMax) return;
    request.off('data', count);
    refuseAfterLinger(request, next);
  });
}

/** Reads on for a moment before refusing: a client that is cut off while sending does not see the response. */
function refuseAfterLinger(request: Request, next: NextFunction): void {
  // Now, since a pipelined request may be read before this one is answered.
  if (request.res) closeAfterResponse(request.res);
  const refuse = () => {
    clearTimeout(timer);
    next(tooLarge());
  };
  const timer = setTimeout(refuse, lingerMs);
  request.once('end', refuse);
  request.resume();
}

function tooLarge(): HttpFailure {
  const headers = { Connection: 'close' };
  return new HttpFailure('body_too_large', `The body is larger than ${bodyBytesMax} bytes.`, { headers });
}

function missingBody(): Failure {
  return invalidRequest([{ pointer: '#', detail: 'must be there: send the body as JSON' }]);
}

function once(next: NextFunction): NextFunction {
  let called = false;
  return (error?: unknown) => {
    if (called) return;
    called = true;
    next(error);
  };
}

/** How long a body that is not streamed may take to arrive. */
export const bodyTimeoutMs = 15_000;

/** Cuts a request whose body is too slow. Node's `requestTimeout` would also cut long uploads. */
export function startBodyDeadline(request: Request): NodeJS.Timeout | undefined {
  const { 'content-length': length = '0', 'transfer-encoding': encoding } = request.headers;
  if (length === '0' && encoding === undefined) return undefined;
  const timer = setTimeout(() => cut(request), bodyTimeoutMs);
  request.once('end', () => clearTimeout(timer));
  request.once('close', () => clearTimeout(timer));
  return timer;
}

/** A streamed body may take any time, as long as its connection is not idle. */
function clearBodyDeadline(request: Request): void {
  clearTimeout(request.context.bodyDeadline);
}

/** Emits the error that Node emits for late headers, so that `server.ts` answers both with 408. */
function cut({ res, socket }: Request): void {
  // A second response could be taken for the response to another request.
  if (res?.headersSent) {
    socket.destroy();
    return;
  }
  const late = Object.assign(new Error('The body did not arrive in time.'), {
    code: 'ERR_HTTP_REQUEST_TIMEOUT',
  });
  (socket as Socket & { readonly server: Server }).server.emit('clientError', late, socket);
}

/** Sends 100 Continue if the client expects it. Node by itself would send it before authentication. */
export const continueBody: RequestHandler = function continueBody(request, response, next) {
  if (request.headers.expect !== undefined) response.writeContinue();
  next();
};
