import type { Request, Response } from 'express';
import type { DeprecationHeaders } from '../contract/deprecation.ts';
import type { Operation } from '../contract/operations.ts';

/** Puts into the reply, whatever it will be, that what was asked for is to go. */
export function tellDeprecation(request: Request, response: Response, operation: Operation): void {
  const headers = operation.deprecation ?? ofParameters(request, operation);
  if (!headers) return;
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
}

/** Of the first deprecated parameter that the request has. */
function ofParameters(
  { originalUrl, headers }: Request,
  { deprecatedParameters }: Operation,
): DeprecationHeaders | undefined {
  if (deprecatedParameters.length === 0) return undefined;
  const query = new URLSearchParams(originalUrl.replace(/^[^?]*/, ''));
  const used = deprecatedParameters.find((parameter) =>
    parameter.in === 'query'
      ? query.has(parameter.name)
      : headers[parameter.name.toLowerCase()] !== undefined,
  );
  return used?.deprecation;
}
