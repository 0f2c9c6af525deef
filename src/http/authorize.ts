import type { Request, RequestHandler } from 'express';
import { Failure } from '../domain/failures.ts';
import { callerNetwork } from './caller-address.ts';

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
