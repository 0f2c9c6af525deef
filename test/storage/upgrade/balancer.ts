import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterwards, type Cleanup } from '../../support/cleanup.ts';

const lookIntervalMs = 50;

export interface Balancer {
  readonly url: string;
  /** Sets the backends, by their URLs. */
  use(...backends: readonly string[]): void;
  /** How many requests a backend has answered. */
  answered(backend: string): number;
}

/**
 * A minimal load balancer. A request goes to a backend whose `/readyz` is 200, and to another if the
 * connection breaks before a response begins (like nginx's `proxy_next_upstream error non_idempotent`; the
 * test's writes are idempotent or carry an Idempotency-Key).
 */
export async function startBalancer(cleanup: Cleanup): Promise<Balancer> {
  let backends: readonly string[] = [];
  const ready = new Set<string>();
  const answered = new Map<string, number>();

  const looking = setInterval(() => {
    for (const backend of backends) {
      fetch(`${backend}/readyz`).then(
        ({ ok }) => void (ok ? ready.add(backend) : ready.delete(backend)),
        () => void ready.delete(backend),
      );
    }
  }, lookIntervalMs);

  async function forward(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    for (const backend of [...backends].sort(
      (one, other) => Number(ready.has(other)) - Number(ready.has(one)),
    )) {
      const reply = await send(backend, incoming, body).catch(() => undefined);
      if (!reply) {
        ready.delete(backend);
        continue;
      }
      answered.set(backend, (answered.get(backend) ?? 0) + 1);
      outgoing.writeHead(reply.status, { 'content-type': 'application/json' }).end(reply.body);
      return;
    }
    outgoing.writeHead(502).end('no backend answered');
  }

  const server = createServer((incoming, outgoing) => void forward(incoming, outgoing));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  afterwards(cleanup, () => {
    clearInterval(looking);
    server.closeAllConnections();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    use(...urls) {
      backends = urls;
    },
    answered: (backend) => answered.get(backend) ?? 0,
  };
}

/** Sends one request on its own connection. Rejects without a complete response. */
async function send(backend: string, { method = '', url = '', headers }: IncomingMessage, body: Buffer) {
  const { host: _, connection: __, ...passed } = headers;
  const outgoing = request(`${backend}${url}`, { method, headers: passed, agent: false }).end(body);
  const [reply] = (await once(outgoing, 'response')) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of reply) chunks.push(chunk as Buffer);
  return { status: reply.statusCode ?? 0, body: Buffer.concat(chunks) };
}
