import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import express, { type NextFunction, type Request, type RequestHandler } from 'express';
import { jsonTextFault } from '../../bulk/json-text.ts';
import { Failure, invalidRequest } from '../../domain/failures.ts';
import { closeAfter } from '../shutdown.ts';

/** More than twice the largest customer that the contract allows in ordinary text. */
export const bodyBytesMax = 65_536;

/** How long a client may go on sending what is refused, so that it comes to read why. */
const lingerMs = 1000;

/**
 * Reads the JSON body of those operations that have one, and keeps its bytes for the fingerprint. A streamed
 * body is left to its handler.
 */
export function readBody(): RequestHandler {
  const parse = express.json({
    limit: bodyBytesMax,
    // Any JSON value is read, so that the contract's answer (422) is about the value, not about the syntax.
    strict: false,
    // A compressed body was refused before: there is no need for one this small.
    inflate: false,
    type: () => true,
    verify(request, _response, bytes) {
      const fault = jsonTextFault(bytes);
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
      liftBodyDeadline(request);
      next();
      return;
    }
    const goOn = onlyOnce(next);
    if (Number(request.headers['content-length'] ?? 0) > bodyBytesMax) {
      refuseRest(request, goOn);
      return;
    }
    if (request.headers['transfer-encoding'] !== undefined) watchLength(request, goOn);
    parse(request, response, (error?: { readonly type?: string }) => {
      if (error?.type === 'entity.too.large') goOn(tooLarge());
      // The parser takes nothing at all for an empty object, and the validator nothing for a body.
      else goOn(error ?? (request.context.bodyBytes?.length ? undefined : missingBody()));
    });
  };
}

/** The parser answers a body that is too large when all of it has come: that may be never. */
function watchLength(request: Request, next: NextFunction): void {
  let received = 0;
  request.on('data', function count(chunk: Buffer) {
    received += chunk.length;
    if (received <= bodyBytesMax) return;
    request.off('data', count);
    refuseRest(request, next);
  });
}

/** Lets what is under way come in, for a client that is cut while it sends does not see the answer. */
function refuseRest(request: Request, next: NextFunction): void {
  // Now, for the next request may be read before this one is answered.
  if (request.res) closeAfter(request.res);
  const refuse = () => {
    clearTimeout(timer);
    next(tooLarge());
  };
  const timer = setTimeout(refuse, lingerMs);
  request.once('end', refuse);
  request.resume();
}

function tooLarge(): Failure {
  const headers = { Connection: 'close' };
  return new Failure('body_too_large', `The body is larger than ${bodyBytesMax} bytes.`, { headers });
}

function missingBody(): Failure {
  return invalidRequest([{ pointer: '#', detail: 'must be there: send the body as JSON' }]);
}

function onlyOnce(next: NextFunction): NextFunction {
  let called = false;
  return (error?: unknown) => {
    if (called) return;
    called = true;
    next(error);
  };
}

/** How long a body may take that is read as a whole: at most 64 kB. */
export const bodyTimeoutMs = 15_000;

/**
 * Cuts a request whose body trickles in. Node's own `requestTimeout` knows one time for all requests, and would
 * cut a streamed upload that makes good progress.
 */
export function startBodyDeadline(request: Request): NodeJS.Timeout | undefined {
  const { 'content-length': length = '0', 'transfer-encoding': encoding } = request.headers;
  if (length === '0' && encoding === undefined) return undefined;
  const timer = setTimeout(() => cut(request), bodyTimeoutMs);
  request.once('end', () => clearTimeout(timer));
  request.once('close', () => clearTimeout(timer));
  return timer;
}

/** For a body that is streamed: as long as it goes on, it may take as long as it takes. */
export function liftBodyDeadline(request: Request): void {
  clearTimeout(request.context.bodyDeadline);
}

/** Ends it as Node ends a request whose headers do not arrive, so that it is answered in the same place. */
function cut({ res, socket }: Request): void {
  // Another answer on the same connection could be taken for that of another request.
  if (res?.headersSent) {
    socket.destroy();
    return;
  }
  const late = Object.assign(new Error('The body did not arrive in time.'), {
    code: 'ERR_HTTP_REQUEST_TIMEOUT',
  });
  (socket as Socket & { readonly server: Server }).server.emit('clientError', late, socket);
}

/**
 * Asks for the body that a client holds back (`Expect: 100-continue`), now that there is somebody to read it. Node by
 * itself would ask before anybody has looked whose request it is.
 */
export const continueBody: RequestHandler = function continueBody(request, response, next) {
  if (request.headers.expect !== undefined) response.writeContinue();
  next();
};
