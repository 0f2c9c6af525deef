import type { Request, RequestHandler } from 'express';
import { Failure } from '../../domain/failures.ts';
import { callerNetwork } from './rate-limit.ts';

/** A loopback name or address, with or without a port. */
const loopbackPattern = /^(localhost|[a-z0-9-]+\.localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?$/i;

export function isLoopbackAuthority(authority: string): boolean {
  return loopbackPattern.test(authority);
}

/**
 * Keeps other sites' pages out of a service that asks for no credential because only this machine can reach it: a
 * browser on this machine is here too. A page whose own name was made to point here (DNS rebinding) is told by
 * `Host`, a page that sends requests across by `Origin`. Which port they name says nothing: an attacker's
 * page has another name, and a tunnel another port.
 */
export function keepToThisMachine(corsOrigins: readonly string[]): RequestHandler {
  const anyOrigin = corsOrigins.includes('*');
  return function keepToThisMachine(request, _response, next) {
    const { host = 'localhost', origin } = request.headers;
    if (!isLoopbackAuthority(host)) {
      throw refused(request, 'Host is not a name of this machine. Without credentials only it is served.');
    }
    if (origin !== undefined && !anyOrigin && !corsOrigins.includes(origin) && !isLoopbackOrigin(origin)) {
      throw refused(request, 'Origin is another site. CORS_ORIGINS does not name it.');
    }
    next();
  };
}

function isLoopbackOrigin(origin: string): boolean {
  const [, authority = ''] = /^https?:\/\/(.*)$/.exec(origin) ?? [];
  return isLoopbackAuthority(authority);
}

function refused(request: Request, detail: string): Failure {
  request.context.refusal = { reason: 'untrusted_origin', detail, network: callerNetwork(request) };
  return new Failure('untrusted_origin', detail);
}
