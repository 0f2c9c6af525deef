import type { RequestHandler } from 'express';
import { operationById } from '../contract/operations.ts';
import { Failure } from '../domain/failures.ts';
import { matchPath } from './contract-routes.ts';
import type { ContractValidator } from './contract-validator.ts';
import { tellDeprecation } from './tell-deprecation.ts';

/** Finds the contract's operation for a request. HEAD works wherever GET does; Node leaves out its body. */
export function matchOperation({ operations }: ContractValidator): RequestHandler {
  return function matchOperation(request, response, next) {
    const match = matchPath(request.path);
    if (!match) throw notFound(request.path);
    if (request.method === 'HEAD') request.method = 'GET';
    const operationId = match.operations.get(request.method);
    const known = operationId && operations.get(operationId);
    if (!known) throw methodNotAllowed([...match.operations.keys()]);
    request.openapi = { ...known, pathParams: match.parameters };
    request.context.operation = operationById(operationId);
    tellDeprecation(request, response, request.context.operation);
    next();
  };
}

function notFound(path: string): Failure {
  const advice = path.length > 1 && path.endsWith('/') ? ' Paths have no trailing slash.' : '';
  return new Failure('not_found', `There is nothing at this path.${advice}`);
}

function methodNotAllowed(methods: readonly string[]): Failure {
  const allowed = methods.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
  return new Failure('method_not_allowed', 'The path does not take this method.', {
    headers: { Allow: allowed.join(', ') },
  });
}
