import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { contractJson, contractYaml } from '../contract/document.ts';
import { Failure } from '../domain/failures.ts';
import { metricsScope } from '../domain/principal.ts';
import type { Metrics } from '../operations/metrics.ts';
import { apiCatalog, apiCatalogPath } from './api-catalog.ts';
import { demandScope } from './authorize.ts';
import { docsPageAnswers, docsPagePaths } from './docs-page.ts';
import { fixedReply } from './fixed-reply.ts';
import { createReadiness, type ReadinessParts } from './readiness.ts';
import { isLoopbackAuthority } from './same-machine.ts';
import { securityHeaders } from './security-headers.ts';

export interface OperationalParts extends ReadinessParts {
  readonly metrics: Metrics;
  /** Finds out who asks for the metrics from elsewhere; undefined where nobody has a credential. */
  readonly authenticate: RequestHandler | undefined;
}

/** Everything that is served and is not in the contract. A test holds the router against this list. */
export const operationalPaths = [
  '/livez',
  '/readyz',
  '/metrics',
  '/openapi.yaml',
  '/openapi.json',
  ...docsPagePaths,
  apiCatalogPath,
] as const;

/** Answers the paths that operators and tools ask for. They need no validation: none takes any input. */
export function answerOperationalPaths(parts: OperationalParts): RequestHandler {
  const answers: Record<(typeof operationalPaths)[number], RequestHandler> = {
    '/livez': (_request, response) => sendText(response, 'text/plain', 'ok\n'),
    '/readyz': readiness(parts),
    '/metrics': figures(parts),
    '/openapi.yaml': fixedReply({ contentType: 'application/yaml', load: () => contractYaml }),
    '/openapi.json': fixedReply({ contentType: 'application/json', load: () => contractJson }),
    ...docsPageAnswers(),
    [apiCatalogPath]: apiCatalog(),
  };
  const answerOf = new Map<string, RequestHandler>(Object.entries(answers));
  return function answerOperationalPaths(request, response, next) {
    const answer = answerOf.get(request.path);
    if (!answer) {
      next();
      return undefined;
    }
    if (request.method === 'GET' || request.method === 'HEAD') return answer(request, response, next);
    throw new Failure('method_not_allowed', 'This path is only read.', { headers: { Allow: 'GET, HEAD' } });
  };
}

/** Ready means: the next request can be served. Liveness never asks the database. */
function readiness(parts: ReadinessParts): RequestHandler {
  const checkReadiness = createReadiness(parts);
  return async (_request, response) => sendText(response, 'text/plain', await checkReadiness());
}

/** The metrics: for this machine, and for who has the scope. Without credentials nobody else learns of them. */
function figures({ metrics, authenticate }: OperationalParts): RequestHandler {
  const send = async (response: Response) => sendText(response, metrics.contentType, await metrics.render());
  return (request, response, next: NextFunction) => {
    if (isLocal(request)) return send(response);
    if (!authenticate) throw new Failure('not_found', 'There is nothing at this path.');
    return authenticate(request, response, (error?: unknown) => {
      if (error) {
        next(error);
        return;
      }
      demandScope(request, metricsScope);
      void send(response).catch(next);
    });
  };
}

/** A proxy on this machine speaks for others, and a name that was made to point here for another site. */
function isLocal(request: Request): boolean {
  if (!isLoopbackAuthority(request.headers.host ?? 'localhost')) return false;
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
