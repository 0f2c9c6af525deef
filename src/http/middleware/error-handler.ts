import type { ErrorRequestHandler, Request } from 'express';
import { bodyMemberAt, exampleAt, type Operation, operationsById } from '../../contract/operations.ts';
import { describeSchemaError, isUnknownMember, isWrongType } from '../../contract/schema-errors.ts';
import type { ProblemError } from '../../contract/types.ts';
import { Failure, invalidRequest } from '../../domain/failures.ts';
import { pointerTo, unescapeToken } from '../../domain/validation.ts';
import { HttpFailure, sendProblem } from '../problem.ts';

/** Responds to every error of the pipeline with problem details. */
export const errorHandler: ErrorRequestHandler = function errorHandler(error, request, response, _next) {
  const failure = safeToFailure(error, request);
  const { context } = request;
  context.failureCode = failure.code;
  context.failureCause = failure.cause;
  if (response.headersSent) {
    // Cut the connection, so that the client does not take a partial body for a complete one.
    response.destroy();
    return;
  }
  sendProblem(response, failure, {
    requestId: context.requestId,
    declaresUnprocessable: context.operation?.declaresUnprocessable ?? false,
  });
};

/** If the translation itself threw, Express would respond with a stack trace. */
function safeToFailure(error: unknown, request: Request): Failure | HttpFailure {
  try {
    return toFailure(error, request);
  } catch (cause) {
    return internalError(cause);
  }
}

/** Fields that errors of Express, its body parser and express-openapi-validator share. */
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

/** Translates any error to a failure. Unknown errors become `internal_error`. */
function toFailure(error: unknown, request: Request): Failure | HttpFailure {
  if (error instanceof Failure || error instanceof HttpFailure) return error;
  const { status, type, path = '', message = '', errors } = (error ?? {}) as MiddlewareError;
  switch (type) {
    case 'entity.parse.failed':
      return new Failure('malformed_json', 'The body is not JSON.');
    case 'request.aborted':
    case 'request.size.invalid':
      return new HttpFailure('malformed_request', 'The body ended early.');
    case 'encoding.unsupported':
    case 'charset.unsupported':
      return new HttpFailure(
        'unsupported_media_type',
        'Send the body in UTF-8 and without a content encoding.',
      );
  }
  switch (status) {
    case 415:
      return new HttpFailure('unsupported_media_type', 'The operation does not take this media type.');
    case 400:
      return invalidRequest(contractFaults(errors ?? [{ path, message }], request));
  }
  return internalError(error);
}

function internalError(cause: unknown): HttpFailure {
  const detail = 'The service failed. The request id finds the reason in its log.';
  return new HttpFailure('internal_error', detail, { cause });
}

/** The faults of `validateStrictly` and the validator, without duplicates. */
function contractFaults(errors: readonly ValidatorError[], { query, context }: Request): ProblemError[] {
  const { queryFaults, operation } = context;
  const named = new Set(queryFaults.map(({ parameter }) => parameter));
  const faults = new Map<string, ProblemError>();
  for (const error of errors.filter((each) => !isImpliedByWrongType(each, errors))) {
    const fault = explainSpace(toProblemError(error, operation), query);
    if (fault.parameter === undefined || !named.has(fault.parameter))
      faults.set(JSON.stringify(fault), fault);
  }
  return [...queryFaults, ...faults.values()];
}

/** Whether the error only follows from a wrong type at the same path, such as an enum's error about null. */
function isImpliedByWrongType({ path, message }: ValidatorError, errors: readonly ValidatorError[]): boolean {
  const wrongType = errors.some((other) => other.path === path && isWrongType(other.message));
  return wrongType && !isWrongType(message);
}

/** Converts the validator's path, such as `/body/address/city` or `/query/limit`, to a pointer or a parameter. */
function toProblemError({ path, message }: ValidatorError, operation: Operation | undefined): ProblemError {
  const [location = '', ...names] = splitPath(path, message, operation);
  const detail = describeSchemaError(message, operation && exampleAt(operation, [location, ...names]));
  if (location === 'body') return { pointer: pointerTo(names), detail };
  const name = names[0] ?? '';
  return { parameter: headerSpellings.get(name) ?? name, detail };
}

/** Splits a validator's path. Its names are escaped, except that of an unknown member, which comes last. */
function splitPath(path: string, message: string, operation: Operation | undefined): string[] {
  // The validator omits the path of a member whose name is empty.
  const names = path === '' ? ['body'] : path.split('/').slice(1);
  if (!operation || !isUnknownMember(message)) return names.map(unescapeToken);
  let known = 1;
  while (known < names.length - 1 && bodyMemberAt(operation, names.slice(1, known + 1))) known += 1;
  const unknown = names.slice(known).join('/');
  return [...names.slice(0, known).map(unescapeToken), unknown];
}

/** Header names as the contract spells them: the validator reports them in lower case. */
const headerSpellings = new Map(
  [...operationsById.values()].flatMap(({ headerNames }) =>
    headerNames.map((name) => [name.toLowerCase(), name]),
  ),
);

/** Adds a hint about `+`, which means a space in a query, for times and phone numbers sent unescaped. */
function explainSpace(error: ProblemError, query: Readonly<Record<string, unknown>>): ProblemError {
  const value = error.parameter === undefined ? undefined : query[error.parameter];
  if (typeof value !== 'string' || !value.includes(' ')) return error;
  return { ...error, detail: `${error.detail}; a + in a URL means a space: write it as %2B` };
}
