import type { NextFunction, Request, RequestHandler } from 'express';
import type { Authentication, Authenticator, Principal, Refusal } from '../../domain/authentication.ts';
import { Failure, unavailable } from '../../domain/failures.ts';
import { callerNetwork, type RateLimits } from './rate-limit.ts';

export interface AuthenticateOptions {
  /** Without one everybody is `everyone`. */
  readonly authenticator: Authenticator | undefined;
  readonly everyone: Principal;
  readonly limits: RateLimits;
}

/**
 * Finds out whose request it is, before anything of it is read or looked up: whoever is nobody learns nothing, not
 * even which paths there are. Later steps go by `context.principal`, which may do nothing unless this says so.
 */
export function authenticate(options: AuthenticateOptions): RequestHandler {
  const { authenticator, everyone, limits } = options;

  function admit(request: Request, principal: Principal, next: NextFunction): void {
    request.context.principal = principal;
    limits.countRequest(request, principal);
    next();
  }

  function settle(request: Request, answer: Authentication, next: NextFunction): void {
    if ('principal' in answer) {
      admit(request, answer.principal, next);
      return;
    }
    const { refusal } = answer;
    request.context.refusal = { ...refusal, network: callerNetwork(request) };
    // What cannot be checked is nobody's failure but ours.
    if (refusal.reason === 'unverifiable') throw unavailable(refusal.detail, refusal.cause);
    limits.countFailure(request);
    throw new Failure('unauthenticated', refusal.detail, {
      headers: { 'WWW-Authenticate': challenge(refusal) },
    });
  }

  return function authenticate(request, _response, next) {
    if (!authenticator) {
      admit(request, everyone, next);
      return;
    }
    const credential = credentialOf(request);
    const answer = 'token' in credential ? authenticator.authenticate(credential.token) : credential;
    if (!(answer instanceof Promise)) {
      settle(request, answer, next);
      return;
    }
    answer.then((settled) => settle(request, settled, next)).catch(next);
  };
}

/**
 * RFC 6750 section 3.1: a request without any credential is told no error. The status is 401 for a malformed
 * header too: whoever is nobody gets one answer.
 */
function challenge({ reason, detail }: Refusal): string {
  const realm = 'Bearer realm="customers"';
  if (reason === 'missing') return realm;
  const error = reason === 'duplicated' || reason === 'malformed' ? 'invalid_request' : 'invalid_token';
  return `${realm}, error="${error}", error_description="${detail}"`;
}

/** `Bearer` and a token of RFC 6750 section 2.1: the scheme in any case, one space, nothing else. */
const bearerPattern = /^Bearer ([A-Za-z0-9\-._~+/]+=*)$/i;

const headerName = 'authorization';

/**
 * The credential of a request. It is looked for in the one header only: a token in a URL ends up in logs and
 * histories, so that one there counts for nothing.
 */
export function credentialOf({ headers, rawHeaders }: Request): { token: string } | { refusal: Refusal } {
  const header = headers[headerName];
  if (header === undefined) return missing;
  // Of two Node keeps the first. Somebody on the way may go by the other.
  if (isRepeated(rawHeaders)) return duplicated;
  const token = bearerPattern.exec(header)?.[1];
  return token === undefined ? malformed : { token };
}

function isRepeated(rawHeaders: readonly string[]): boolean {
  let count = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] as string;
    if (name.length === headerName.length && name.toLowerCase() === headerName) count += 1;
  }
  return count > 1;
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

/** Lets through who has the scope that the matched operation asks for in the contract. */
export const authorize: RequestHandler = function authorize(request, _response, next) {
  const { operation } = request.context;
  // What has matched no operation has no scope, and there is nothing behind it.
  if (!operation) throw new Failure('not_found', 'There is nothing at this path.');
  demandScope(request, operation.requiredScope);
  next();
};

/** @throws Failure `forbidden` that names the scope (RFC 6750 section 3.1). */
export function demandScope(request: Request, scope: string): void {
  const { context } = request;
  if (context.principal.scopes.has(scope)) return;
  const detail = `The credential lacks the scope ${scope}.`;
  context.refusal = { reason: 'missing_scope', detail, network: callerNetwork(request) };
  const challenge = `Bearer realm="customers", error="insufficient_scope", error_description="${detail}", scope="${scope}"`;
  throw new Failure('forbidden', detail, { headers: { 'WWW-Authenticate': challenge } });
}
