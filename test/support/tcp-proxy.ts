import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { afterwards, type Cleanup } from './cleanup.ts';

/** How the network between client and server fails. */
export type Trouble =
  | 'none'
  /** Drops everything, including FIN packets, but accepts connections, like a firewall. */
  | 'black hole'
  /** Half open: the server receives everything, but the client receives nothing, not even the end. */
  | 'answers lost'
  /** Half open the other way: the server receives nothing, not even the end. */
  | 'requests lost'
  /** Holds everything back and delivers it afterwards, even for clients that have given up. */
  | 'held up'
  /** Resets present and new connections. */
  | 'reset'
  /** Delays each direction. */
  | { readonly delayMs: number };

/**
 * A proxy between a service and its database that simulates network faults. With `retarget` it is also a
 * fixed address while the primary changes, like a virtual IP, a pooler or a cloud endpoint.
 */
export interface TcpProxy {
  /** The same database through the proxy. */
  through(databaseUrl: string): string;
  /** Connections that lost data stay dead afterwards, as behind a firewall that forgot them. */
  set(trouble: Trouble): void;
  /** Silently drops everything on present connections from now on; new ones work. */
  forget(): void;
  /** Sends new connections to this URL's server; present ones stay. */
  retarget(databaseUrl: string): void;
  /** Number of connections accepted so far. */
  readonly accepted: number;
  /** Number of connections that clients hold open. */
  readonly open: number;
}

/** One direction of a connection. */
interface Direction {
  readonly from: Socket;
  readonly to: Socket;
  readonly carries: 'requests' | 'answers';
}

/** Starts a proxy in front of a URL's server; the cleanup ends it. */
export async function startTcpProxy(cleanup: Cleanup, databaseUrl: string): Promise<TcpProxy> {
  const clients = new Set<Socket>();
  const servers = new Set<Socket>();
  let target = addressOf(databaseUrl);
  let trouble: Trouble = 'none';
  let over = Promise.resolve();
  let notifyOver = () => {};
  let accepted = 0;
  let forgotten = 0;

  const listener = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    const number = ++accepted;
    keep(client, clients);
    if (trouble === 'reset') {
      client.resetAndDestroy();
      return;
    }
    const server = connect({ ...target, allowHalfOpen: true, noDelay: true });
    keep(server, servers);
    join({ from: client, to: server, carries: 'requests' }, number);
    join({ from: server, to: client, carries: 'answers' }, number);
  });

  /** Forwards one direction in order: data, a clean end and an abrupt end. */
  function join({ from, to, carries }: Direction, number: number): void {
    let lost = false;
    let last: Promise<unknown> = Promise.resolve();
    const pass = (deliver: () => void) => {
      const isLost = () => (lost ||= number <= forgotten || loses(trouble, carries));
      if (isLost()) return;
      const arrival = trouble === 'held up' ? over : delayOf(trouble);
      last = Promise.all([last, arrival]).then(() => isLost() || deliver());
    };
    from.on('data', (bytes) => pass(() => void to.write(bytes)));
    from.on('end', () => {
      pass(() => void to.end());
      // The closing side must not wait for the other, which will never receive the end.
      if (lost) from.destroy();
    });
    from.on('close', (failed) => pass(() => void (failed ? to.resetAndDestroy() : to.destroySoon())));
  }

  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  afterwards(cleanup, async () => {
    const closed = once(listener, 'close');
    listener.close();
    for (const socket of [...clients, ...servers]) socket.destroy();
    await closed;
  });

  return {
    get accepted() {
      return accepted;
    },
    get open() {
      return clients.size;
    },
    through(url) {
      const changed = new URL(url);
      changed.host = `127.0.0.1:${port}`;
      return changed.href;
    },
    set(next) {
      notifyOver();
      trouble = next;
      if (next === 'held up') {
        over = new Promise((resolve) => {
          notifyOver = resolve;
        });
      }
      if (next === 'reset') for (const socket of [...clients, ...servers]) socket.resetAndDestroy();
    },
    forget() {
      forgotten = accepted;
    },
    retarget(url) {
      target = addressOf(url);
    },
  };
}

function addressOf(databaseUrl: string): { readonly host: string; readonly port: number } {
  const { hostname, port } = new URL(databaseUrl);
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 5432) };
}

function loses(trouble: Trouble, carries: Direction['carries']): boolean {
  return trouble === 'black hole' || trouble === `${carries} lost`;
}

function delayOf(trouble: Trouble): Promise<void> | undefined {
  return typeof trouble === 'object' ? pause(trouble.delayMs, undefined, { ref: false }) : undefined;
}

function keep(socket: Socket, sockets: Set<Socket>): void {
  sockets.add(socket);
  // The close event reports how it ended.
  socket.on('error', () => undefined);
  socket.once('close', () => sockets.delete(socket));
}
