import type { ProblemError } from '../contract/types.ts';

/**
 * Every reason for which the domain refuses a command or a query. The codes are part of the contract
 * (`Problem.code`); `http/problem.ts` maps each one to a status and a title.
 */
export type FailureCode =
  | 'malformed_json'
  | 'malformed_csv'
  | 'body_too_large'
  | 'invalid_request'
  | 'invalid_cursor'
  | 'feed_position_ahead'
  | 'feed_position_gone'
  | 'customer_not_found'
  | 'customer_deleted'
  | 'customer_erased'
  | 'email_taken'
  | 'external_id_taken'
  | 'precondition_required'
  | 'precondition_failed'
  | 'idempotency_key_in_use'
  | 'idempotency_key_reused'
  | 'answer_expired'
  | 'search_too_broad'
  | 'unavailable';

export interface FailureOptions {
  /** The faulty members or parameters, by JSON Pointer or name; never their values. */
  readonly errors?: readonly ProblemError[] | undefined;
  /** When retrying the same request is likely to succeed. */
  readonly retryAfterSeconds?: number | undefined;
  /** The underlying error, for the log only: it may hold SQL or a driver's message. */
  readonly cause?: unknown;
}

/**
 * A refusal. `detail` is shown to the client and never holds SQL, a stack trace or another customer's data;
 * `cause` is for the log.
 */
export class Failure extends Error {
  readonly code: FailureCode;
  readonly detail: string;
  readonly errors: readonly ProblemError[] | undefined;
  readonly retryAfterSeconds: number | undefined;

  constructor(code: FailureCode, detail: string, options: FailureOptions = {}) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'Failure';
    this.code = code;
    this.detail = detail;
    this.errors = options.errors;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
}

const errorsMax = 100;
const summaryMax = 10;

/** The failure for a request that violates the contract. Lists at most 100 errors and names 10 in `detail`. */
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

/** The failure for a request that cannot be served now and should be retried. */
export function unavailable(detail: string, cause?: unknown, retryAfterSeconds = 1): Failure {
  return new Failure('unavailable', detail, { retryAfterSeconds, cause });
}
