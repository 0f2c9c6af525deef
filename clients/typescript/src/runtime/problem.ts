import type { Problem, ProblemCode, ProblemError } from '../types.ts';

/** What the client adds to the body of a refusal. */
export interface ProblemContext {
  readonly headers: Headers;
  readonly attempts: number;
  readonly afterLostReply: boolean;
}

/** A refusal by the service (RFC 9457). Decide by `status` and `code`; `message` is for people. */
export class CustomersProblem extends Error {
  override readonly name = 'CustomersProblem';
  readonly status: number;
  /** The kind of problem. Treat a code you do not know by its `status`: more may be added. */
  readonly code: ProblemCode;
  readonly title: string;
  readonly detail: string;
  readonly type: string;
  /** Identifies the request in the service's logs. */
  readonly requestId: string | undefined;
  /** The invalid values, with pointers into the body; empty if the service listed none. */
  readonly errors: readonly ProblemError[];
  /** Seconds to wait before the next attempt, if the service said so. */
  readonly retryAfter: number | undefined;
  readonly headers: Headers;
  /** How often the request was sent. */
  readonly attempts: number;
  /**
   * True if the reply to an earlier attempt was lost, so that it may have taken effect. A 412 or 410 may then be
   * caused by this call itself: read the customer again before you report a conflict.
   */
  readonly afterLostReply: boolean;

  constructor(problem: Partial<Problem> & { readonly status: number }, context: ProblemContext) {
    const {
      status,
      code = 'unknown',
      title = `HTTP ${status}`,
      detail = 'The reply is not a problem document.',
    } = problem;
    super(`${title}: ${detail} (${status} ${code})`);
    this.status = status;
    this.code = code;
    this.title = title;
    this.detail = detail;
    this.type = problem.type ?? 'about:blank';
    this.requestId = problem.requestId ?? context.headers.get('x-request-id') ?? undefined;
    this.errors = problem.errors ?? [];
    this.retryAfter = secondsOf(context.headers.get('retry-after'));
    this.headers = context.headers;
    this.attempts = context.attempts;
    this.afterLostReply = context.afterLostReply;
  }
}

/** No complete reply: the service was unreachable, the connection broke, or time ran out. */
export class CustomersConnectionError extends Error {
  override readonly name = 'CustomersConnectionError';
  readonly attempts: number;
  readonly timedOut: boolean;

  constructor(message: string, context: { cause?: unknown; attempts: number; timedOut: boolean }) {
    super(message, { cause: context.cause });
    this.attempts = context.attempts;
    this.timedOut = context.timedOut;
  }
}

/** Reads a refusal. One that is not from the service, such as a gateway's error page, has the code `unknown`. */
export async function readProblem(
  response: Response,
  context: Omit<ProblemContext, 'headers'>,
): Promise<CustomersProblem> {
  const text = await response.text();
  const { status, headers } = response;
  const isProblem = headers.get('content-type')?.startsWith('application/problem+json') ?? false;
  return new CustomersProblem({ ...(isProblem ? parsed(text) : {}), status }, { ...context, headers });
}

function parsed(text: string): Partial<Problem> {
  try {
    return JSON.parse(text) as Problem;
  } catch {
    return {};
  }
}

/** Parses `Retry-After`: seconds or an HTTP date (RFC 9110 section 10.2.3). */
function secondsOf(retryAfter: string | null): number | undefined {
  if (retryAfter === null) return undefined;
  if (/^\d+$/.test(retryAfter)) return Number(retryAfter);
  const untilMs = Date.parse(retryAfter) - Date.now();
  return Number.isNaN(untilMs) ? undefined : Math.max(0, Math.ceil(untilMs / 1000));
}
