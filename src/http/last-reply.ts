import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Makes this reply the last of its connection; Node then says `Connection: close`. */
export function closeAfter(response: ServerResponse): void {
  response.shouldKeepAlive = false;
}

/**
 * Tells whether a request came after one that ends its connection, by the client's wish or by ours: such a request
 * must not be processed (RFC 9112 section 9.6). Node reads ahead and hands it over all the same, and what hides
 * behind a request that is refused would be done although nobody is answered.
 */
export function createAfterTheEnd(): (request: IncomingMessage, response: ServerResponse) => boolean {
  const latest = new WeakMap<Socket, ServerResponse>();
  return function afterTheEnd({ socket }, response) {
    const before = latest.get(socket);
    if (before && !before.shouldKeepAlive) return true;
    latest.set(socket, response);
    return false;
  };
}
