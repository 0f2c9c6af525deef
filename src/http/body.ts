import express, { type NextFunction, type Request, type RequestHandler } from 'express';
import { Failure, invalidRequest } from '../domain/failures.ts';
import { jsonTextFault } from '../transfer/json-text.ts';
import { liftBodyDeadline } from './body-deadline.ts';
import { closeAfter } from './last-reply.ts';

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
