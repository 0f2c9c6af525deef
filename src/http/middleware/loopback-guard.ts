import type { Request, RequestHandler } from 'express';
import { HttpFailure } from '../problem.ts';
import { clientNetwork } from './client-address.ts';

/**
 * Protects a loopback service without authentication from web pages: any page in a browser on this machine can send
 * requests to it. DNS rebinding is detected by `Host`, cross-site requests by `Origin`. Ports are ignored: they say
 * nothing about the site, and a tunnel changes them.
 */
export function loopbackGuard(corsOrigins: readonly string[]): RequestHandler {
  const anyOrigin = corsOrigins.includes('*');
  return function loopbackGuard(request, _response, next) {
    const { host = 'localhost', origin } = request.headers;
    if (!isLoopbackAuthority(host)) {
      throw untrusted(request, 'Host is not a name of this machine. Without credentials only it is served.');
    }
    if (origin !== undefined && !anyOrigin && !corsOrigins.includes(origin) && !isLoopbackOrigin(origin)) {
      throw untrusted(request, 'Origin is another site. CORS_ORIGINS does not name it.');
    }
    next();
  };
}

const loopbackPattern = /^(localhost|[a-z0-9-]+\.localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?$/i;

/** True for a loopback name or address, with or without a port. */
export function isLoopbackAuthority(authority: string): boolean {
  return loopbackPattern.test(authority);
}

function isLoopbackOrigin(origin: string): boolean {
  const [, authority = ''] = /^https?:\/\/(.*)$/.exec(origin) ?? [];
  return isLoopbackAuthority(authority);
}

function untrusted(request: Request, detail: string): HttpFailure {
  request.context.refusal = { reason: 'untrusted_origin', detail, network: clientNetwork(request) };
  return new HttpFailure('untrusted_origin', detail);
}
