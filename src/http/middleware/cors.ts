import corsMiddleware from 'cors';
import type { RequestHandler } from 'express';
import { securityHeaders } from '../security-headers.ts';

/** Response headers that a script in a browser may read. */
const exposedHeaders = [
  'Deprecation',
  'ETag',
  'Feed-Position',
  'Idempotency-Replayed',
  'Link',
  'Location',
  'RateLimit',
  'RateLimit-Policy',
  'Retry-After',
  'Sunset',
  'WWW-Authenticate',
  'X-Request-Id',
];

const preflightMaxAgeSeconds = 600;

/** Allows these origins, `*` for any. Without origins there is no CORS at all. */
export function cors(origins: readonly string[]): RequestHandler[] {
  if (origins.length === 0) return [];
  const allow = corsMiddleware({
    origin: origins.includes('*') ? '*' : [...origins],
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    exposedHeaders,
    maxAge: preflightMaxAgeSeconds,
  });
  return [setPreflightHeaders, allow];
}

/** The cors package responds to preflight requests itself, so their headers are set in advance. */
const setPreflightHeaders: RequestHandler = function setPreflightHeaders(request, response, next) {
  response.setHeader('X-Request-Id', request.context.requestId);
  if (request.method === 'OPTIONS') {
    for (const [name, value] of Object.entries(securityHeaders(request.socket)))
      response.setHeader(name, value);
  }
  next();
};
