import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Problem, ProblemError } from '../contract/types.ts';
import type { Failure, FailureCode } from '../domain/failures.ts';
import { closeAfterResponse } from './connections.ts';
import { securityHeaders } from './security-headers.ts';

/** Reasons that only HTTP knows, in addition to the domain's {@link FailureCode}. */
export type HttpFailureCode =
  | 'malformed_request'
  | 'unauthenticated'
  | 'forbidden'
  | 'untrusted_origin'
  | 'not_found'
  | 'method_not_allowed'
  | 'not_acceptable'
  | 'request_timeout'
  | 'uri_too_long'
  | 'unsupported_media_type'
  | 'expectation_failed'
  | 'rate_limited'
  | 'headers_too_large'
  | 'internal_error';

/** `Problem.code` of the contract: a closed list. */
export type ProblemCode = FailureCode | HttpFailureCode;

/** Status and title of every code. A missing code is a compile error. */
const statusAndTitle: Readonly<Record<ProblemCode, readonly [status: number, title: string]>> = {
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

export interface HttpFailureOptions {
  /** The faulty members or parameters, by JSON Pointer or name; never their values. */
  readonly errors?: readonly ProblemError[] | undefined;
  /** Headers that the response must carry, such as `Allow`. `Connection: close` also ends the connection. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The underlying error, for the log only. */
  readonly cause?: unknown;
}

/** A refusal by the HTTP layer: a {@link Failure} with protocol codes and response headers. */
export class HttpFailure extends Error {
  readonly code: ProblemCode;
  readonly detail: string;
  readonly errors: readonly ProblemError[] | undefined;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: ProblemCode, detail: string, options: HttpFailureOptions = {}) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'HttpFailure';
    this.code = code;
    this.detail = detail;
    this.errors = options.errors;
    this.headers = options.headers ?? {};
  }
}

/** Response headers of a failure. */
export function failureHeaders(failure: Failure | HttpFailure): Readonly<Record<string, string>> {
  if (failure instanceof HttpFailure) return failure.headers;
  const { retryAfterSeconds } = failure;
  return retryAfterSeconds === undefined ? {} : { 'Retry-After': String(retryAfterSeconds) };
}

export interface ProblemContext {
  readonly requestId: string;
  /** False if the operation declares no 422: `invalid_request` is sent as 400 then. */
  readonly declaresUnprocessable: boolean;
}

/** Problem details (RFC 9457) for a failure, without its `cause`. */
export function problemFor(failure: Failure | HttpFailure, context: ProblemContext): Problem {
  const [status, title] = statusAndTitle[failure.code];
  const asBadRequest = failure.code === 'invalid_request' && !context.declaresUnprocessable;
  return {
    type: `urn:problem-type:customers:${failure.code}`,
    title,
    status: asBadRequest ? 400 : status,
    detail: failure.detail,
    instance: `urn:request:${context.requestId}`,
    code: failure.code,
    requestId: context.requestId,
    ...(failure.errors ? { errors: [...failure.errors] } : {}),
  };
}

/** Headers of a problem response on this connection. */
export function problemHeaders(
  failure: Failure | HttpFailure,
  problem: Problem,
  body: string,
  socket: Duplex,
): Record<string, string | number> {
  return {
    ...securityHeaders(socket),
    ...failureHeaders(failure),
    'X-Request-Id': problem.requestId,
    'Content-Type': 'application/problem+json',
    'Content-Length': Buffer.byteLength(body),
  };
}

/** Sends a failure as problem details, and closes the connection if its headers say so. */
export function sendProblem(
  response: ServerResponse,
  failure: Failure | HttpFailure,
  context: ProblemContext,
): void {
  const problem = problemFor(failure, context);
  const body = JSON.stringify(problem);
  if (failureHeaders(failure).Connection === 'close') closeAfterResponse(response);
  response.writeHead(problem.status, problemHeaders(failure, problem, body, response.req.socket));
  response.end(body);
}
