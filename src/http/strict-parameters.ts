import type { RequestHandler } from 'express';
import type { ProblemError } from '../contract/types.ts';
import { invalidRequest } from '../domain/failures.ts';

const integerPattern = /^-?(0|[1-9]\d{0,14})$/;

/**
 * Checks what the validator lets through: its coercion takes `0x10`, `1e1` and ` 5` for integers, and it drops a
 * name with brackets (`tag[x]`) with its value, as though the caller had not asked for that filter.
 */
export const checkQuery: RequestHandler = function checkQuery({ context, query }, _response, next) {
  const { operation } = context;
  if (operation) {
    const faults = Object.entries(query).flatMap(([name, value]): ProblemError[] => {
      if (!operation.queryNames.has(name)) {
        // A parameter of a problem has a name: `?=1` has none.
        return [{ parameter: name || '(without a name)', detail: 'is not a parameter of this operation' }];
      }
      const integer = operation.integerParameters.includes(name);
      if (!integer || typeof value !== 'string' || value === '' || integerPattern.test(value)) return [];
      return [{ parameter: name, detail: 'must be a whole number in decimal' }];
    });
    if (faults.length > 0) throw invalidRequest(faults);
  }
  next();
};
