import type { RequestHandler } from 'express';
import type { OperationId } from '../contract/document.ts';
import { operationById } from '../contract/operations.ts';
import { Failure } from '../domain/failures.ts';
import { tellDeprecation } from './tell-deprecation.ts';

/**
 * Finds the contract's operation for a request. HEAD works wherever GET does; Node leaves out its body. A
 * trailing slash is another path, which the validator's matching would take for the same.
 */
export function matchOperation(match: RequestHandler): RequestHandler {
  return function matchOperation(request, response, next) {
    if (request.path.length > 1 && request.path.endsWith('/')) {
      throw new Failure('not_found', 'There is nothing at this path. Paths have no trailing slash.');
    }
    if (request.method === 'HEAD') request.method = 'GET';
    match(request, response, (error?: unknown) => {
      const operationId = request.openapi?.schema.operationId;
      if (operationId) {
        request.context.operation = operationById(operationId as OperationId);
        tellDeprecation(request, response, request.context.operation);
      }
      next(error);
    });
  };
}
