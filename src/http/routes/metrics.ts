import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Request, RequestHandler, Response } from 'express';
import { metricsScope } from '../../domain/authentication.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import { requireScope } from '../middleware/authentication.ts';
import { isLoopbackAuthority } from '../middleware/loopback-guard.ts';
import { HttpFailure } from '../problem.ts';
import { securityHeaders } from '../security-headers.ts';

export interface MetricsRouteDeps {
  readonly metrics: Metrics;
  /** Undefined if authentication is off. */
  readonly authenticate: RequestHandler | undefined;
}

/**
 * Serves `/metrics` on the main port: to this machine, and to clients with the scope `metrics:read`. If
 * authentication is off, other clients get a 404.
 */
export function metricsRoute({ metrics, authenticate }: MetricsRouteDeps): RequestHandler {
  const send = async (response: Response) => sendText(response, metrics.contentType, await metrics.render());
  return (request, response, next) => {
    if (isLocal(request)) return send(response);
    if (!authenticate) throw new HttpFailure('not_found', 'There is nothing at this path.');
    return authenticate(request, response, (error?: unknown) => {
      if (error) {
        next(error);
        return;
      }
      requireScope(request, metricsScope);
      void send(response).catch(next);
    });
  };
}

/** True for a client on this machine. Excludes local proxies, which forward for others, and DNS rebinding. */
function isLocal(request: Request): boolean {
  if (!isLoopbackAuthority(request.headers.host ?? 'localhost')) return false;
  const address = request.socket.remoteAddress ?? '';
  const local = address === '::1' || /^(::ffff:)?127\./.test(address);
  return local && request.headers.forwarded === undefined && request.headers['x-forwarded-for'] === undefined;
}

/** Responds with text and the default headers. */
export function sendText(response: Response, contentType: string, text: string): void {
  response.writeHead(200, {
    ...securityHeaders(response.req.socket),
    'X-Request-Id': response.req.context.requestId,
    'Content-Type': contentType,
    'Content-Length': Buffer.byteLength(text),
  });
  response.end(text);
}

export interface MetricsServerOptions {
  readonly host: string;
  readonly port: number;
}

/** A server that has only `/metrics`, without authentication, for a port that only monitoring can reach. */
export interface MetricsServer {
  readonly url: string;
  stop(): Promise<void>;
}

/** Open connections; Node closes any more. */
const scrapersMax = 64;
const scrapeTimeoutMs = 10_000;

/** Starts the metrics server. Rejects with Node's error, such as EADDRINUSE. */
export async function startMetricsServer(
  { host, port }: MetricsServerOptions,
  metrics: Metrics,
): Promise<MetricsServer> {
  const server = createServer({ headersTimeout: scrapeTimeoutMs, requestTimeout: scrapeTimeoutMs });
  server.maxConnections = scrapersMax;
  server.on('request', (request, response) => void answer(request, response, metrics));
  server.listen({ host, port });
  await once(server, 'listening');
  const { address, family, port: boundPort } = server.address() as AddressInfo;
  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${boundPort}/metrics`,
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
