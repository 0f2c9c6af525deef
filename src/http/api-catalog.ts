import type { RequestHandler } from 'express';
import { contract } from '../contract/document.ts';
import { fixedReply } from './fixed-reply.ts';

/** Where RFC 9727 has a machine look for what a host offers. */
export const apiCatalogPath = '/.well-known/api-catalog';

/** Of the one API here: relative, since only who asks knows by which name the host is reached. */
const api = '/customers';

const linkset = {
  linkset: [
    { anchor: apiCatalogPath, item: [{ href: api }] },
    {
      anchor: api,
      'service-desc': [
        { href: '/openapi.yaml', type: 'application/yaml' },
        { href: '/openapi.json', type: 'application/json' },
      ],
      'service-doc': [{ href: '/docs', type: 'text/html', title: `${contract.info.title} API` }],
      status: [{ href: '/readyz', type: 'text/plain' }],
    },
  ],
};

/** The catalog as a set of links (RFC 9264). HEAD tells the API too, by its header (RFC 9727 section 2). */
export function apiCatalog(): RequestHandler {
  return fixedReply({
    contentType: 'application/linkset+json; profile="https://www.rfc-editor.org/info/rfc9727"',
    load: () => JSON.stringify(linkset),
    headers: { Link: `<${apiCatalogPath}>; rel="api-catalog", <${api}>; rel="item"` },
  });
}
