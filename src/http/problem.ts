import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { ErrorRequestHandler, Request } from 'express';
import { bodyMemberAt, exampleAt, type Operation, operationsById } from '../contract/operations.ts';
import { isUnknownMember, isWrongType, readableFault } from '../contract/schema-errors.ts';
import type { Problem, ProblemError } from '../contract/types.ts';
import { Failure, type FailureCode, invalidRequest } from '../domain/failures.ts';
import { pointerTo } from '../domain/validation.ts';
import { securityHeaders } from './headers.ts';
import { closeAfter } from './shutdown.ts';

/** The one table from failure to HTTP: a code that is missing here does not compile. */
const problemKinds: Readonly<Record<FailureCode, readonly [status: number, title: string]>> = {
  malformed_request: [400, 'Malformed request'],
  malformed_json: [400, 'Malformed JSON'],
  malformed_csv: [400, 'Malformed CSV'],
  invalid_cursor: [400, 'Invalid cursor'],
  feed_position_ahead: [400, 'Feed position ahead'],
  unauthenticated: [401, 'Not authenticated'],
  forbidden: [403, 'Not allowed'],
  untrusted_origin: [403, 'Untrusted origin'],
  not_found: [404, 'Not found'],
  customer_not_found: [404, 'Customer not found'],
  method_not_allowed: [405, 'Method not allowed'],
  not_acceptable: [406, 'Not acceptable'],
  request_timeout: [408, 'Request timeout'],
  email_taken: [409, 'Email taken'],
  external_id_taken: [409, 'External id taken'],
  idempotency_key_in_use: [409, 'Idempotency key in use'],
  customer_deleted: [410, 'Customer deleted'],
  customer_erased: [410, 'Customer erased'],
  answer_expired: [410, 'Answer no longer kept'],
  feed_position_gone: [410, 'Feed position gone'],
  precondition_failed: [412, 'Precondition failed'],
  body_too_large: [413, 'Body too large'],
  uri_too_long: [414, 'URL too long'],
  unsupported_media_type: [415, 'Unsupported media type'],
  expectation_failed: [417, 'Expectation failed'],
  invalid_request: [422, 'Invalid request'],
  idempotency_key_reused: [422, 'Idempotency key reused'],
  precondition_required: [428, 'Precondition required'],
  rate_limited: [429, 'Too many requests'],
  headers_too_large: [431, 'Headers too large'],
  internal_error: [500, 'Internal error'],
  search_too_broad: [503, 'Search too broad'],
  unavailable: [503, 'Unavailable'],
};

/** What decides how a failure is told, beside the failure itself. */
export interface ProblemContext {
  readonly requestId: string;
  /** False where the operation declares no 422: what breaks its contract is 400 then. */
  readonly declaresUnprocessable: boolean;
}

/** Problem details (RFC 9457) for a failure. Its `cause` is for the log and not in here. */
export function problemFor(failure: Failure, context: ProblemContext): Problem {
  const [declared, title] = problemKinds[failure.code];
  const asBadRequest = failure.code === 'invalid_request' && !context.declaresUnprocessable;
  return {
    type: `urn:problem-type:customers:${failure.code}`,
    title,
    status: asBadRequest ? 400 : declared,
    detail: failure.detail,
    instance: `urn:request:${context.requestId}`,
    code: failure.code,
    requestId: context.requestId,
    ...(failure.errors ? { errors: [...failure.errors] } : {}),
  };
}

/** The headers that a problem is sent with on this connection. */
export function problemHeaders(
  failure: Failure,
  problem: Problem,
  body: string,
  socket: Duplex,
): Record<string, string | number> {
  return {
    ...securityHeaders(socket),
    ...failure.headers,
    'X-Request-Id': problem.requestId,
    'Content-Type': 'application/problem+json',
    'Content-Length': Buffer.byteLength(body),
  };
}

/** Answers a request with problem details. */
export function sendProblem(response: ServerResponse, failure: Failure, context: ProblemContext): void {
  const problem = problemFor(failure, context);
  const body = JSON.stringify(problem);
  if (failure.headers?.Connection === 'close') closeAfter(response);
  response.writeHead(problem.status, problemHeaders(failure, problem, body, response.req.socket));
  response.end(body);
}

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

/** Turns whatever a request ended in into problem details, in this one place. */
export const answerFailures: ErrorRequestHandler = function answerFailures(error, request, response, _next) {
  const failure = translated(error, request);
  const { context } = request;
  context.failureCode = failure.code;
  context.failureCause = failure.cause;
  if (response.headersSent) {
    // The reply is under way and cannot be taken back: cut it, so that nobody takes half of it for whole.
    response.destroy();
    return;
  }
  sendProblem(response, failure, {
    requestId: context.requestId,
    declaresUnprocessable: context.operation?.declaresUnprocessable ?? false,
  });
};

/** Whatever fails in here would be answered by Express itself, with a stack. */
function translated(error: unknown, request: Request): Failure {
  try {
    return translateFailure(error, request);
  } catch (cause) {
    return new Failure('internal_error', 'The service failed. The request id finds the reason in its log.', {
      cause,
    });
  }
}
