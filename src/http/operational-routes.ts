import type { Express, Request, RequestHandler, Response } from 'express';
import { contractJson, contractYaml } from '../contract/document.ts';
import { Failure, unavailable } from '../domain/failures.ts';
import type { CustomerStore } from '../domain/ports.ts';
import type { Lifecycle } from '../operations/lifecycle.ts';
import type { Metrics } from '../operations/metrics.ts';
import { securityHeaders } from './security-headers.ts';

export interface OperationalParts {
  readonly customers: CustomerStore;
  readonly lifecycle: Lifecycle;
  readonly metrics: Metrics;
}

/** Everything that is served and is not in the contract. A test holds the router against this list. */
export const operationalPaths = ['/livez', '/readyz', '/metrics', '/openapi.yaml', '/openapi.json'] as const;

/** Adds the routes that operators and tools ask for. They need no validation: none takes any input. */
export function addOperationalRoutes(app: Express, parts: OperationalParts): void {
  const answers: Record<(typeof operationalPaths)[number], RequestHandler> = {
    '/livez': (_request, response) => sendText(response, 'text/plain', 'ok\n'),
    '/readyz': readiness(parts),
    '/metrics': async (request, response) => {
      if (!isLocal(request)) throw new Failure('not_found', 'There is nothing at this path.');
      sendText(response, parts.metrics.contentType, await parts.metrics.render());
    },
    '/openapi.yaml': (_request, response) => sendText(response, 'application/yaml', contractYaml),
    '/openapi.json': (_request, response) => sendText(response, 'application/json', contractJson),
  };
  for (const path of operationalPaths) {
    app.get(path, answers[path]);
    app.all(path, () => {
      throw new Failure('method_not_allowed', 'This path is only read.', { headers: { Allow: 'GET, HEAD' } });
    });
  }
}

/** Ready means: the next request can be served. Liveness never asks the database. */
function readiness({ customers, lifecycle }: OperationalParts): RequestHandler {
  return async (_request, response) => {
    if (lifecycle.stopping) throw unavailable('The service is stopping.');
    try {
      await customers.checkReady();
    } catch (error) {
      throw unavailable('The database cannot serve requests now.', error);
    }
    sendText(response, 'text/plain', 'ready\n');
  };
}

/** Metrics are for this machine until there are credentials for them. A proxy on it speaks for others. */
function isLocal(request: Request): boolean {
  const address = request.socket.remoteAddress ?? '';
  const local = address === '::1' || /^(::ffff:)?127\./.test(address);
  return local && request.headers.forwarded === undefined && request.headers['x-forwarded-for'] === undefined;
}

function sendText(response: Response, contentType: string, text: string): void {
  response.writeHead(200, {
    ...securityHeaders(response.req.socket),
    'X-Request-Id': response.req.context.requestId,
    'Content-Type': contentType,
    'Content-Length': Buffer.byteLength(text),
  });
  response.end(text);
}
