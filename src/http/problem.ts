import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Problem } from '../contract/types.ts';
import type { Failure, FailureCode } from '../domain/failures.ts';
import { closeAfter } from './last-reply.ts';
import { securityHeaders } from './security-headers.ts';

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
