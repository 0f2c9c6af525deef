import type { RequestHandler } from 'express';
import type { ProblemError } from '../contract/types.ts';
import { invalidRequest } from '../domain/failures.ts';

const integerPattern = /^-?(0|[1-9]\d{0,14})$/;

/**
 * Validates a request, its query more strictly than the validator does: that one's coercion takes `0x10`, `1e1` and
 * ` 5` for integers, it drops a name with brackets (`tag[x]`) with its value, as though the caller had not asked for
 * that filter, and for an unknown name it says nothing about all other faults.
 */
export function validateStrictly(validate: RequestHandler): RequestHandler {
  return function validateStrictly(request, response, next) {
    const faults = queryFaults(request);
    // The validator takes `tag[x]` for `tag`, with a value of a kind that it does not expect.
    if (faults.some(({ parameter }) => parameter?.includes('['))) throw invalidRequest(faults);
    request.context.queryFaults = faults;
    // What it finds it throws, and `queryFaults` is told with it.
    void validate(request, response, () => next(faults.length > 0 ? invalidRequest(faults) : undefined));
  };
}

function queryFaults({ context: { operation }, query }: Parameters<RequestHandler>[0]): ProblemError[] {
  if (!operation) return [];
  return Object.entries(query).flatMap(([name, value]): ProblemError[] => {
    if (!operation.queryNames.has(name)) {
      // A parameter of a problem has a name: `?=1` has none.
      return [{ parameter: name || '(without a name)', detail: 'is not a parameter of this operation' }];
    }
    const integer = operation.integerParameters.includes(name);
    if (!integer || typeof value !== 'string' || value === '' || integerPattern.test(value)) return [];
    return [{ parameter: name, detail: 'must be a whole number in decimal' }];
  });
}
