import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { afterwards, type Cleanup } from './cleanup.ts';

/** What the network between client and server does. */
export type Trouble =
  | 'none'
  /** What either side sends is lost, and its goodbye too; connections are still accepted: a firewall that drops. */
  | 'black hole'
  /** Half open: the server gets everything and works on it, but the client gets nothing, nor the end. */
  | 'answers lost'
  /** Half open the other way: the server gets nothing, nor the end. */
  | 'requests lost'
  /** All is kept, and delivered when the trouble is over, also what those have sent who have given up. */
  | 'held up'
  /** Connections are reset, those there are and new ones. */
  | 'reset'
  /** Each way takes so long. */
  | { readonly delayMs: number };

/**
 * Stands between a service and its database, and plays the network between them. By its `retarget` it is also the
 * one address that stays while the primary changes: a virtual IP, a pooler, a cloud service's endpoint.
 */
export interface TcpProxy {
  /** The same database through the proxy. */
  through(databaseUrl: string): string;
  /** Connections that lost something stay lost when the trouble is over, as a firewall forgets them. */
  set(trouble: Trouble): void;
  /** The connections that there are lose everything from now on, without a word; new ones are well. */
  forget(): void;
  /** New connections go to the server of this URL; those that there are stay where they are. */
  retarget(databaseUrl: string): void;
  /** How many connections it has accepted so far. */
  readonly accepted: number;
  /** How many of them clients hold open. */
  readonly open: number;
}

/** One way of a connection. */
interface Way {
  readonly from: Socket;
  readonly to: Socket;
  readonly carries: 'requests' | 'answers';
}

/** Starts a proxy before the server of a URL; it ends with the cleanup's test. */
export async function startTcpProxy(cleanup: Cleanup, databaseUrl: string): Promise<TcpProxy> {
  const clients = new Set<Socket>();
  const servers = new Set<Socket>();
  let target = addressOf(databaseUrl);
  let trouble: Trouble = 'none';
  let over = Promise.resolve();
  let tellOver = () => {};
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

  /** Everything of one way goes through here, in its order: data, the end, and an abrupt end. */
  function join({ from, to, carries }: Way, number: number): void {
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
      // Who ended it is not kept waiting for an end that the other side will never be told to send.
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
      tellOver();
      trouble = next;
      if (next === 'held up') {
        over = new Promise((resolve) => {
          tellOver = resolve;
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

function loses(trouble: Trouble, carries: Way['carries']): boolean {
  return trouble === 'black hole' || trouble === `${carries} lost`;
}

function delayOf(trouble: Trouble): Promise<void> | undefined {
  return typeof trouble === 'object' ? pause(trouble.delayMs, undefined, { ref: false }) : undefined;
}

function keep(socket: Socket, sockets: Set<Socket>): void {
  sockets.add(socket);
  // How it ended is told by its close.
  socket.on('error', () => undefined);
  socket.once('close', () => sockets.delete(socket));
}
