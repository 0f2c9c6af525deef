import type { Server, ServerResponse } from 'node:http';
import { Server as HttpsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { RequestHandler, Response } from 'express';

/** Connections above the limit that are still accepted, to answer 503. Node closes any more without a response. */
const excessConnectionsMax = 256;
/** How long such a connection may stay silent. */
const excessConnectionTimeoutMs = 2000;

/** Shared by all servers of the process. */
const excessConnections = new WeakSet<Socket>();

/** True if the connection is above the limit. Only health and metrics are answered, all else gets a 503. */
export function isOverConnectionLimit(socket: Socket): boolean {
  return excessConnections.has(socket);
}

/** Limits the open connections of a server. */
export function limitConnections(server: Server, connectionsMax: number): void {
  let open = 0;
  const onClose = () => void open--;
  // Over TLS, requests arrive on the socket that exists after the handshake.
  server.on(server instanceof HttpsServer ? 'secureConnection' : 'connection', (socket: Socket) => {
    open++;
    socket.once('close', onClose);
    if (open <= connectionsMax) return;
    excessConnections.add(socket);
    socket.setTimeout(excessConnectionTimeoutMs);
  });
  server.maxConnections = connectionsMax + excessConnectionsMax;
}

/** How many requests without a complete response each connection has. Shared by all servers of the process. */
const pending = new WeakMap<Duplex, number>();

/** The number of requests on this connection that have no complete response yet. */
export function pendingRequests(socket: Duplex): number {
  return pending.get(socket) ?? 0;
}

/** Pipelined requests of one connection; the next one gets a 503 and ends the connection. */
export const pipelinedMax = 32;
/** A client that keeps sending after that is disconnected. */
const pipelinedCutMax = 64;

/**
 * Counts the requests of each connection, and drops those that follow a final request.
 *
 * A request after one that ends its connection must not be processed (RFC 9112 section 9.6). Node reads ahead and
 * emits it all the same: its effects would happen, and no client would get the response.
 */
export function trackPipelining(): RequestHandler {
  const latest = new WeakMap<Socket, ServerResponse>();

  return function trackPipelining({ socket }, response, next) {
    const count = pendingRequests(socket) + 1;
    pending.set(socket, count);
    if (count > pipelinedCutMax) socket.destroy();
    const previous = latest.get(socket);
    if (previous && !previous.shouldKeepAlive) return;
    latest.set(socket, response);
    response.once('close', onResponseClose);
    next();
  };
}

/** A single listener for all requests: `this` is the response that closed. */
function onResponseClose(this: Response): void {
  const { socket } = this.req;
  pending.set(socket, pendingRequests(socket) - 1);
}

/** Makes this response the last one of its connection; Node adds `Connection: close`. */
export function closeAfterResponse(response: ServerResponse): void {
  response.shouldKeepAlive = false;
}
