import type { ProblemError } from '../contract/types.ts';

/**
 * Every reason for which the service refuses or fails a request: a closed list, and part of the contract
 * (`Problem.code`). The HTTP status and title of each stand in `http/problem.ts`.
 */
export type FailureCode =
  | 'malformed_request'
  | 'malformed_json'
  | 'malformed_csv'
  | 'invalid_request'
  | 'invalid_cursor'
  | 'feed_position_ahead'
  | 'unauthenticated'
  | 'forbidden'
  | 'untrusted_origin'
  | 'not_found'
  | 'customer_not_found'
  | 'method_not_allowed'
  | 'not_acceptable'
  | 'request_timeout'
  | 'email_taken'
  | 'external_id_taken'
  | 'idempotency_key_in_use'
  | 'customer_deleted'
  | 'customer_erased'
  | 'answer_expired'
  | 'feed_position_gone'
  | 'precondition_failed'
  | 'body_too_large'
  | 'uri_too_long'
  | 'unsupported_media_type'
  | 'expectation_failed'
  | 'idempotency_key_reused'
  | 'precondition_required'
  | 'rate_limited'
  | 'headers_too_large'
  | 'internal_error'
  | 'search_too_broad'
  | 'unavailable';

/** What a failure may tell beyond its code and its sentence. */
export interface FailureOptions {
  /** The faulty members or parameters, by JSON Pointer or name; never their values. */
  readonly errors?: readonly ProblemError[];
  /** Headers that the reply must carry, such as `Allow`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** What really happened, for the log only: it may hold SQL or a driver's message. */
  readonly cause?: unknown;
}

/**
 * A refusal with two messages: `detail` is for the caller and never holds SQL, a stack or another
 * customer's data; `cause` is for the log.
 */
export class Failure extends Error {
  readonly code: FailureCode;
  readonly detail: string;
  readonly errors: readonly ProblemError[] | undefined;
  readonly headers: Readonly<Record<string, string>> | undefined;

  constructor(code: FailureCode, detail: string, options: FailureOptions = {}) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'Failure';
    this.code = code;
    this.detail = detail;
    this.errors = options.errors;
    this.headers = options.headers;
  }
}

/** A body can have more faults than anybody reads, and a summary names fewer still. */
const errorsMax = 100;
const summaryMax = 10;

/** The failure for a request that breaks the contract, naming the faults that were found. */
export function invalidRequest(faults: readonly ProblemError[]): Failure {
  const errors = faults.slice(0, errorsMax);
  const named = errors.map(({ pointer, parameter }) =>
    pointer === '#' ? 'the body' : (pointer ?? parameter),
  );
  const places = [...new Set(named)];
  const more = places.length > summaryMax ? ' and others' : '';
  const summary = `Check ${places.slice(0, summaryMax).join(', ')}${more}.`;
  return new Failure('invalid_request', `The request breaks the contract. ${summary}`, { errors });
}

/** The failure for a database that cannot take the request now: nothing was stored. */
export function unavailable(
  detail: string,
  cause?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Failure {
  return new Failure('unavailable', detail, { headers: { 'Retry-After': '1', ...headers }, cause });
}
