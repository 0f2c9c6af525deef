import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Request } from 'express';

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
