import type { Server } from 'node:http';
import { Server as HttpsServer } from 'node:https';
import type { Socket } from 'node:net';

/** Connections beyond the limit that are still taken, to be told so and closed. Who comes then is cut. */
const surplusMax = 256;
/** How long such a connection may take to ask anything. */
const surplusTimeoutMs = 2000;

/** For all servers of this process: a connection belongs to one of them. */
const surplus = new WeakSet<Socket>();

/** Whether the connection is one too many: it is answered 503 and closed. Health and metrics are answered. */
export function isSurplus(socket: Socket): boolean {
  return surplus.has(socket);
}

/** Bounds the open connections of a server. */
export function limitConnections(server: Server, connectionsMax: number): void {
  let open = 0;
  const onClose = () => void open--;
  // Over TLS the connection that requests come on is there after the handshake.
  server.on(server instanceof HttpsServer ? 'secureConnection' : 'connection', (socket: Socket) => {
    open++;
    socket.once('close', onClose);
    if (open <= connectionsMax) return;
    surplus.add(socket);
    socket.setTimeout(surplusTimeoutMs);
  });
  // Node closes the rest unanswered.
  server.maxConnections = connectionsMax + surplusMax;
}
