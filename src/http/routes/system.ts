import type { RequestHandler } from 'express';
import { contract, contractJson, contractYaml } from '../../contract/document.ts';
import { HttpFailure } from '../problem.ts';
import { docsPaths, docsRoutes } from './docs.ts';
import { type MetricsRouteDeps, metricsRoute, sendText } from './metrics.ts';
import { createReadiness, type ReadinessDeps } from './readiness.ts';
import { staticAsset } from './static-asset.ts';

export interface SystemRoutesDeps extends ReadinessDeps, MetricsRouteDeps {}

const apiCatalogPath = '/.well-known/api-catalog';

/** Every path outside the contract. */
export const systemPaths = [
  '/livez',
  '/readyz',
  '/metrics',
  '/openapi.yaml',
  '/openapi.json',
  ...docsPaths,
  apiCatalogPath,
] as const;

/** Serves {@link systemPaths}. They take no input, so they need no validation. */
export function systemRoutes(deps: SystemRoutesDeps): RequestHandler {
  const handlers: Record<(typeof systemPaths)[number], RequestHandler> = {
    '/livez': (_request, response) => sendText(response, 'text/plain', 'ok\n'),
    '/readyz': readinessRoute(deps),
    '/metrics': metricsRoute(deps),
    '/openapi.yaml': staticAsset({ contentType: 'application/yaml', load: () => contractYaml }),
    '/openapi.json': staticAsset({ contentType: 'application/json', load: () => contractJson }),
    ...docsRoutes(),
    [apiCatalogPath]: apiCatalog(),
  };
  const handlerByPath = new Map<string, RequestHandler>(Object.entries(handlers));
  return function systemRoutes(request, response, next) {
    const handler = handlerByPath.get(request.path);
    if (!handler) {
      next();
      return undefined;
    }
    if (request.method === 'GET' || request.method === 'HEAD') return handler(request, response, next);
    throw new HttpFailure('method_not_allowed', 'This path is only read.', {
      headers: { Allow: 'GET, HEAD' },
    });
  };
}

/** Ready means that the next request can be served. Liveness, in contrast, never asks the database. */
function readinessRoute(deps: ReadinessDeps): RequestHandler {
  const checkReadiness = createReadiness(deps);
  return async (_request, response) => sendText(response, 'text/plain', await checkReadiness());
}

/** The catalog's only API, as a relative URL because the host's public name is unknown. */
const apiPath = '/customers';

/** The API catalog (RFC 9727) as a link set (RFC 9264). */
const linkset = {
  linkset: [
    { anchor: apiCatalogPath, item: [{ href: apiPath }] },
    {
      anchor: apiPath,
      'service-desc': [
        { href: '/openapi.yaml', type: 'application/yaml' },
        { href: '/openapi.json', type: 'application/json' },
      ],
      'service-doc': [{ href: '/docs', type: 'text/html', title: `${contract.info.title} API` }],
      status: [{ href: '/readyz', type: 'text/plain' }],
    },
  ],
};

function apiCatalog(): RequestHandler {
  return staticAsset({
    contentType: 'application/linkset+json; profile="https://www.rfc-editor.org/info/rfc9727"',
    load: () => JSON.stringify(linkset),
    // RFC 9727 section 2: a HEAD request must also find the API.
    headers: { Link: `<${apiCatalogPath}>; rel="api-catalog", <${apiPath}>; rel="item"` },
  });
}
