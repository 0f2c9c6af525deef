import { once } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { Server as HttpsServer } from 'node:https';
import { Server as NetServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { RequestHandler } from 'express';
import type { Lifecycle } from '../runtime/lifecycle.ts';

/** How often connections are looked at while a server drains, and how long something may be on its way to it. */
const lookIntervalMs = 50;

/** The connections of a server, those that have never sent anything too. */
export interface OpenConnections {
  /**
   * Takes no more connections, lets requests end that have been read, and resolves when all connections are
   * closed: those that ask nothing soon, the rest when they have been answered, or when the time is over.
   */
  drain(timeoutMs: number): Promise<void>;
}

/**
 * Watches a server's connections from their beginning. Node's own `closeIdleConnections` knows only those that have
 * been answered once: one that is opened and says nothing, or half a request's head, would be waited for.
 */
export function watchConnections(server: Server): OpenConnections {
  const open = new Set<Socket>();
  /** Connections whose TLS handshake is not over, by where they come from: that is their one name on both levels. */
  const shaking = new Map<string, Socket>();
  const encrypted = server instanceof HttpsServer;
  const watch = (socket: Socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  };
  if (encrypted) {
    server.on('connection', (socket: Socket) => {
      const name = originOf(socket);
      shaking.set(name, socket);
      socket.once('close', () => shaking.get(name) === socket && shaking.delete(name));
    });
    server.on('secureConnection', (socket: Socket) => {
      shaking.delete(originOf(socket));
      watch(socket);
    });
  } else server.on('connection', watch);

  /** Closes what asks nothing, unless something has come in since the last look. */
  function closeQuiet(received: WeakMap<Socket, number>): void {
    for (const socket of [...open, ...shaking.values()]) {
      if (unansweredOf(socket) > 0) continue;
      if (received.get(socket) === socket.bytesRead) socket.destroySoon();
      received.set(socket, socket.bytesRead);
    }
  }

  return {
    async drain(timeoutMs) {
      const closed = once(server, 'close');
      // Not the HTTP server's own, which would close at once what is about to ask something.
      NetServer.prototype.close.call(server);
      const received = new WeakMap<Socket, number>();
      closeQuiet(received);
      // After what has come in has been read: a process that was kept waiting finds both at once.
      const looking = setInterval(() => setImmediate(closeQuiet, received), lookIntervalMs);
      const cutting = setTimeout(() => {
        for (const socket of [...open, ...shaking.values()]) socket.destroy();
      }, timeoutMs);
      await closed;
      clearInterval(looking);
      clearTimeout(cutting);
      // Ends its timers too.
      server.close();
    },
  };
}

function originOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}

/** For all servers of this process: a connection belongs to one of them. */
const counts = new WeakMap<Duplex, number>();

/** How many requests of a connection have been read and are not answered yet. */
export function unansweredOf(socket: Duplex): number {
  return counts.get(socket) ?? 0;
}

/** @returns how many there are with this one. */
export function countRequest(socket: Duplex): number {
  const count = unansweredOf(socket) + 1;
  counts.set(socket, count);
  return count;
}

export function countReply(socket: Duplex): void {
  counts.set(socket, unansweredOf(socket) - 1);
}

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

/** While connections come to their end, every reply asks its client to connect anew, to another instance. */
export function closeWhenStopping(lifecycle: Lifecycle): RequestHandler {
  return function closeWhenStopping(_request, response, next) {
    if (lifecycle.closing) closeAfter(response);
    next();
  };
}
