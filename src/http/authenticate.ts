import type { NextFunction, Request, RequestHandler } from 'express';
import type { Authentication, Authenticator, Refusal } from '../domain/authentication.ts';
import { Failure, unavailable } from '../domain/failures.ts';
import type { Principal } from '../domain/principal.ts';
import { callerNetwork } from './caller-address.ts';
import { credentialOf } from './credential.ts';
import type { RateLimits } from './rate-limits.ts';

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
