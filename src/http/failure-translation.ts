import type { Request } from 'express';
import { bodyMemberAt, exampleAt, type Operation, operationsById } from '../contract/operations.ts';
import { isUnknownMember, isWrongType, readableFault } from '../contract/readable-fault.ts';
import type { ProblemError } from '../contract/types.ts';
import { Failure, invalidRequest } from '../domain/failures.ts';
import { pointerTo } from '../domain/rules.ts';

/** The parts that errors of Express, its body parser and the validator have in common. */
interface MiddlewareError {
  readonly status?: number;
  readonly type?: string;
  readonly message?: string;
  readonly path?: string;
  readonly errors?: readonly ValidatorError[];
}

interface ValidatorError {
  readonly path: string;
  readonly message: string;
}

/** The validator names headers in lower case; the contract's spelling is what a reader looks for. */
const headerSpellings = new Map(
  [...operationsById.values()].flatMap(({ headerNames }) =>
    headerNames.map((name) => [name.toLowerCase(), name]),
  ),
);

/** Any error that a request can end in as a failure of ours. What nobody foresaw is `internal_error`. */
export function translateFailure(error: unknown, request: Request): Failure {
  if (error instanceof Failure) return error;
  const { status, type, path = '', message = '', errors } = (error ?? {}) as MiddlewareError;
  switch (type) {
    case 'entity.parse.failed':
      return new Failure('malformed_json', 'The body is not JSON.');
    case 'request.aborted':
    case 'request.size.invalid':
      return new Failure('malformed_request', 'The body ended early.');
    case 'encoding.unsupported':
    case 'charset.unsupported':
      return new Failure('unsupported_media_type', 'Send the body in UTF-8 and without a content encoding.');
  }
  switch (status) {
    case 415:
      return new Failure('unsupported_media_type', 'The operation does not take this media type.');
    case 400:
      return invalidRequest(contractFaults(errors ?? [{ path, message }], request));
  }
  return new Failure('internal_error', 'The service failed. The request id finds the reason in its log.', {
    cause: error,
  });
}

/** What we and the validator found, each fault once: a value may break a pattern and a format alike. */
function contractFaults(errors: readonly ValidatorError[], { query, context }: Request): ProblemError[] {
  const { queryFaults, operation } = context;
  const named = new Set(queryFaults.map(({ parameter }) => parameter));
  const faults = new Map<string, ProblemError>();
  for (const error of errors.filter((each) => !isBesideItsType(each, errors))) {
    const fault = explainSpace(problemError(error, operation), query);
    if (fault.parameter === undefined || !named.has(fault.parameter))
      faults.set(JSON.stringify(fault), fault);
  }
  return [...queryFaults, ...faults.values()];
}

/** Whether it only repeats that the value has another type, as that null is none of the allowed values. */
function isBesideItsType({ path, message }: ValidatorError, errors: readonly ValidatorError[]): boolean {
  const wrongType = errors.some((other) => other.path === path && isWrongType(other.message));
  return wrongType && !isWrongType(message);
}

/** The validator's `/body/address/city` or `/query/limit` as our pointer or parameter. */
function problemError({ path, message }: ValidatorError, operation: Operation | undefined): ProblemError {
  const [place = '', ...names] = namesIn(path, message, operation);
  const detail = readableFault(message, operation && exampleAt(operation, [place, ...names]));
  if (place === 'body') return { pointer: pointerTo(names), detail };
  const name = names[0] ?? '';
  return { parameter: headerSpellings.get(name) ?? name, detail };
}

/** The names along a validator's path. They are escaped, but for that of an unknown member, which comes last. */
function namesIn(path: string, message: string, operation: Operation | undefined): string[] {
  // Where a member has the empty name, the validator says nothing.
  const names = path === '' ? ['body'] : path.split('/').slice(1);
  if (!operation || !isUnknownMember(message)) return names.map(unescapeToken);
  let known = 1;
  while (known < names.length - 1 && bodyMemberAt(operation, names.slice(1, known + 1))) known += 1;
  const unknown = names.slice(known).join('/');
  return [...names.slice(0, known).map(unescapeToken), unknown];
}

function unescapeToken(token: string): string {
  return token.replaceAll('~1', '/').replaceAll('~0', '~');
}

/** In a query `+` means a space, which is what most likely became of the plus of a time or a telephone number. */
function explainSpace(error: ProblemError, query: Readonly<Record<string, unknown>>): ProblemError {
  const value = error.parameter === undefined ? undefined : query[error.parameter];
  if (typeof value !== 'string' || !value.includes(' ')) return error;
  return { ...error, detail: `${error.detail}; a + in a URL means a space: write it as %2B` };
}
