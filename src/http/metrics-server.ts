import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Metrics } from '../operations/metrics.ts';
import { securityHeaders } from './security-headers.ts';

export interface MetricsServerOptions {
  readonly host: string;
  readonly port: number;
}

/** A port of its own for those who watch the service: it has `/metrics`, asks for no credential, and nothing else. */
export interface MetricsServer {
  readonly url: string;
  stop(): Promise<void>;
}

/** Whoever scrapes does it from a few connections; more are closed. */
const scrapersMax = 64;
const scrapeTimeoutMs = 10_000;

/** Rejects as `listen` of Node's server does. */
export async function startMetricsServer(
  { host, port }: MetricsServerOptions,
  metrics: Metrics,
): Promise<MetricsServer> {
  const server = createServer({ headersTimeout: scrapeTimeoutMs, requestTimeout: scrapeTimeoutMs });
  server.maxConnections = scrapersMax;
  server.on('request', (request, response) => void answer(request, response, metrics));
  server.listen({ host, port });
  await once(server, 'listening');
  const { address, family, port: taken } = server.address() as AddressInfo;
  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${taken}/metrics`,
    async stop() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function answer(request: IncomingMessage, response: ServerResponse, metrics: Metrics): Promise<void> {
  if (request.url !== '/metrics') return end(response, 404, 'There is only /metrics here.\n');
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('Allow', 'GET, HEAD');
    return end(response, 405, '/metrics is only read.\n');
  }
  try {
    end(response, 200, await metrics.render(), metrics.contentType);
  } catch {
    end(response, 500, 'The figures could not be taken.\n');
  }
}

function end(response: ServerResponse, status: number, text: string, contentType = 'text/plain'): void {
  response.writeHead(status, {
    ...securityHeaders(response.req.socket),
    'Content-Type': contentType,
    'Content-Length': Buffer.byteLength(text),
  });
  response.end(text);
}
