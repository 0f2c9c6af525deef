import type { NextFunction, Request, RequestHandler } from 'express';
import type { Authentication, Authenticator, Principal, Refusal } from '../../domain/authentication.ts';
import { unavailable } from '../../domain/failures.ts';
import { HttpFailure } from '../problem.ts';
import { clientNetwork } from './client-address.ts';
import type { RateLimits } from './rate-limit.ts';
import { countHeaders } from './request-line.ts';

export interface AuthenticateOptions {
  /** Undefined if authentication is off. */
  readonly authenticator: Authenticator | undefined;
  /** The principal of every request if authentication is off. */
  readonly unauthenticatedPrincipal: Principal;
  readonly limits: RateLimits;
}

/**
 * Sets `context.principal` or refuses with 401. Runs before routing and validation, so that unauthenticated clients
 * cannot even learn which paths exist.
 */
export function authenticate(options: AuthenticateOptions): RequestHandler {
  const { authenticator, unauthenticatedPrincipal, limits } = options;

  function accept(request: Request, principal: Principal, next: NextFunction): void {
    request.context.principal = principal;
    limits.countRequest(request, principal);
    next();
  }

  function settle(request: Request, authentication: Authentication, next: NextFunction): void {
    if ('principal' in authentication) {
      accept(request, authentication.principal, next);
      return;
    }
    const { refusal } = authentication;
    request.context.refusal = { ...refusal, network: clientNetwork(request) };
    // Not a failed login: the credential may be valid.
    if (refusal.reason === 'unverifiable') throw unavailable(refusal.detail, refusal.cause);
    limits.countFailedLogin(request);
    throw new HttpFailure('unauthenticated', refusal.detail, {
      headers: { 'WWW-Authenticate': challenge(refusal) },
    });
  }

  return function authenticate(request, _response, next) {
    if (!authenticator) {
      accept(request, unauthenticatedPrincipal, next);
      return;
    }
    const credential = credentialOf(request);
    const authentication = 'token' in credential ? authenticator.authenticate(credential.token) : credential;
    if (!(authentication instanceof Promise)) {
      settle(request, authentication, next);
      return;
    }
    authentication.then((settled) => settle(request, settled, next)).catch(next);
  };
}

/** The WWW-Authenticate header. RFC 6750 section 3.1: without a credential it has no error code. */
function challenge({ reason, detail }: Refusal): string {
  const realm = 'Bearer realm="customers"';
  if (reason === 'missing') return realm;
  const error = reason === 'duplicated' || reason === 'malformed' ? 'invalid_request' : 'invalid_token';
  return `${realm}, error="${error}", error_description="${detail}"`;
}

/** RFC 6750 section 2.1: `Bearer` in any case, one space, a token. */
const bearerPattern = /^Bearer ([A-Za-z0-9\-._~+/]+=*)$/i;

const headerName = 'authorization';

/** Reads the bearer token of a request. Tokens in the URL are ignored: URLs end up in logs and browser histories. */
function credentialOf({ headers, rawHeaders }: Request): { token: string } | { refusal: Refusal } {
  const header = headers[headerName];
  if (header === undefined) return missing;
  // Node keeps the first of several; a proxy may have checked another.
  if (countHeaders(rawHeaders, headerName) > 1) return duplicated;
  const token = bearerPattern.exec(header)?.[1];
  return token === undefined ? malformed : { token };
}

const missing = {
  refusal: {
    reason: 'missing',
    detail: 'Send a valid credential as Authorization: Bearer <token>.',
  },
} as const;

const duplicated = {
  refusal: { reason: 'duplicated', detail: 'The request has more than one Authorization header.' },
} as const;

const malformed = {
  refusal: {
    reason: 'malformed',
    detail: 'The Authorization header is not Bearer, a space and a token.',
  },
} as const;

/** Requires the scope of the matched operation. */
export const authorize: RequestHandler = function authorize(request, _response, next) {
  const { operation } = request.context;
  if (!operation) throw new HttpFailure('not_found', 'There is nothing at this path.');
  requireScope(request, operation.requiredScope);
  next();
};

/** @throws HttpFailure `forbidden`, naming the missing scope (RFC 6750 section 3.1). */
export function requireScope(request: Request, scope: string): void {
  const { context } = request;
  if (context.principal.scopes.has(scope)) return;
  const detail = `The credential lacks the scope ${scope}.`;
  context.refusal = { reason: 'missing_scope', detail, network: clientNetwork(request) };
  const challenge = `Bearer realm="customers", error="insufficient_scope", error_description="${detail}", scope="${scope}"`;
  throw new HttpFailure('forbidden', detail, { headers: { 'WWW-Authenticate': challenge } });
}
