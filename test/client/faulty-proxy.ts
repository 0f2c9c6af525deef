import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterwards, type Cleanup } from '../support/cleanup.ts';

/**
 * What happens to a request between a client and the service:
 * - `lost request`: the connection breaks before the service has seen anything
 * - `lost reply`: the service has answered, and the connection breaks before the client has it
 * - `cut reply`: it breaks after a part of the reply; after how much, `cutAfterBytes` says
 * - `silence`: nothing ever comes back, and the service has seen nothing
 * - a refusal: answered by the proxy itself
 */
export type Fault = 'lost request' | 'lost reply' | 'cut reply' | 'silence' | Refusal;

interface Refusal {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

interface Seen {
  readonly method: string;
  readonly headers: IncomingMessage['headers'];
  readonly atMs: number;
}

export interface FaultyProxy {
  readonly url: string;
  /** Every request that came, those that met a fault included. */
  readonly seen: readonly Seen[];
  /** What the next requests meet, one each; the rest pass. */
  readonly faults: Fault[];
  /** The length of a `cut reply`, computed for each. */
  cutAfterBytes: () => number;
}

/** Starts a proxy in front of the service that injects the requested faults. */
export async function startFaultyProxy(cleanup: Cleanup, serviceUrl: string): Promise<FaultyProxy> {
  const seen: Seen[] = [];
  const proxy: FaultyProxy = { url: '', seen, faults: [], cutAfterBytes: () => 100 };
  const server = createServer((incoming, outgoing) => {
    const { method = '', headers } = incoming;
    seen.push({ method, headers, atMs: performance.now() });
    const fault = proxy.faults.shift();
    if (fault === 'silence') return;
    if (fault === 'lost request') incoming.socket.destroy();
    else if (typeof fault === 'object') refuse(incoming, outgoing, fault);
    else passOn(incoming, outgoing, { serviceUrl, fault, cutAfterBytes: proxy.cutAfterBytes });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  afterwards(cleanup, async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  return Object.assign(proxy, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
}

function refuse(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  { status, headers, body = '' }: Refusal,
): void {
  incoming.resume();
  outgoing.writeHead(status, { ...headers }).end(body);
}

interface Passage {
  readonly serviceUrl: string;
  readonly fault: Fault | undefined;
  readonly cutAfterBytes: () => number;
}

function passOn(incoming: IncomingMessage, outgoing: ServerResponse, passage: Passage): void {
  const { method, headers, url = '' } = incoming;
  const target = new URL(url, passage.serviceUrl);
  const forwarded = request(target, { method, headers: { ...headers, host: target.host }, agent: false });
  const cut = () => void incoming.socket.destroy();
  forwarded.on('error', cut);
  outgoing.on('close', () => void forwarded.destroy());
  incoming.pipe(forwarded);
  forwarded.on('response', (reply) => {
    reply.on('error', cut);
    if (passage.fault === 'lost reply') {
      reply.resume().on('end', cut);
      return;
    }
    outgoing.writeHead(reply.statusCode ?? 502, reply.headers);
    // Send the head even without a body yet, as for a quiet feed.
    outgoing.flushHeaders();
    let left = passage.fault === 'cut reply' ? passage.cutAfterBytes() : Number.POSITIVE_INFINITY;
    reply.on('data', (bytes: Buffer) => {
      const kept = bytes.subarray(0, left);
      left -= kept.length;
      // Written out first, so that the client has just so much of it.
      outgoing.write(kept, () => left <= 0 && cut());
    });
    reply.on('end', () => left > 0 && outgoing.end());
  });
}
