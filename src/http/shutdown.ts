import { once } from 'node:events';
import type { Server } from 'node:http';
import { Server as HttpsServer } from 'node:https';
import { Server as NetServer, type Socket } from 'node:net';
import type { RequestHandler } from 'express';
import type { Lifecycle } from '../runtime/lifecycle.ts';
import { closeAfterResponse, pendingRequests } from './connections.ts';

/** Tracks a server's connections, including those that have not sent anything yet. */
export interface ConnectionTracker {
  /**
   * Stops accepting connections, closes idle ones, waits for pending responses, and resolves when all connections
   * are closed. Destroys the rest after the timeout.
   */
  drain(timeoutMs: number): Promise<void>;
}

/** How often idle connections are looked for while draining. A connection is idle if it was silent for this long. */
const idleCheckIntervalMs = 50;

/**
 * Tracks connections from the moment they are accepted. Node's `closeIdleConnections` misses those without a first
 * response: silent connections and half-sent headers would delay the shutdown.
 */
export function trackConnections(server: Server): ConnectionTracker {
  const sockets =
    server instanceof HttpsServer ? trackTlsSockets(server) : trackSockets(server, 'connection');

  return {
    async drain(timeoutMs) {
      const closed = once(server, 'close');
      // The HTTP server's own close() would destroy connections whose request is just arriving.
      NetServer.prototype.close.call(server);
      const bytesSeen = new WeakMap<Socket, number>();
      const closeIdle = () => closeIdleSockets(sockets(), bytesSeen);
      closeIdle();
      // setImmediate: after pending input was read, in case the event loop was blocked.
      const checking = setInterval(() => setImmediate(closeIdle), idleCheckIntervalMs);
      const cutting = setTimeout(() => {
        for (const socket of sockets()) socket.destroy();
      }, timeoutMs);
      await closed;
      clearInterval(checking);
      clearTimeout(cutting);
      // Stops the HTTP server's internal timers.
      server.close();
    },
  };
}

/** Closes sockets without a pending request that have received nothing since the last call. */
function closeIdleSockets(sockets: Iterable<Socket>, bytesSeen: WeakMap<Socket, number>): void {
  for (const socket of sockets) {
    if (pendingRequests(socket) > 0) continue;
    if (bytesSeen.get(socket) === socket.bytesRead) socket.destroySoon();
    bytesSeen.set(socket, socket.bytesRead);
  }
}

function trackSockets(server: Server, event: 'connection' | 'secureConnection'): () => Socket[] {
  const open = new Set<Socket>();
  server.on(event, (socket: Socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  return () => [...open];
}

/**
 * Also tracks sockets during their TLS handshake. Node emits two socket objects per connection, one for TCP and one
 * for TLS; the remote address is all that they have in common.
 */
function trackTlsSockets(server: HttpsServer): () => Socket[] {
  const handshaking = new Map<string, Socket>();
  server.on('connection', (socket: Socket) => {
    const peer = peerOf(socket);
    handshaking.set(peer, socket);
    socket.once('close', () => handshaking.get(peer) === socket && handshaking.delete(peer));
  });
  server.on('secureConnection', (socket: Socket) => {
    handshaking.delete(peerOf(socket));
  });
  const open = trackSockets(server, 'secureConnection');
  return () => [...open(), ...handshaking.values()];
}

function peerOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}

/** Sends `Connection: close` with every response once the service is closing, so that clients reconnect elsewhere. */
export function closeWhenStopping(lifecycle: Lifecycle): RequestHandler {
  return function closeWhenStopping(_request, response, next) {
    if (lifecycle.closing) closeAfterResponse(response);
    next();
  };
}
