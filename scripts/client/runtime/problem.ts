import type { Problem, ProblemCode, ProblemError } from '../../../generated/client/src/types.ts';

/** What the client knows of a refusal besides its body. */
export interface ProblemContext {
  readonly headers: Headers;
  readonly attempts: number;
  readonly afterLostReply: boolean;
}

/** A refusal (RFC 9457). Decide by `status` and `code`; `message` is for people. */
export class CustomersProblem extends Error {
  override readonly name = 'CustomersProblem';
  readonly status: number;
  /** The kind of problem. More may be added: treat one that you do not know by its `status`. */
  readonly code: ProblemCode;
  readonly title: string;
  readonly detail: string;
  readonly type: string;
  /** Finds the request in the service's logs. */
  readonly requestId: string | undefined;
  /** What is wrong where, with pointers into the body; empty where the service did not say. */
  readonly errors: readonly ProblemError[];
  /** Seconds to wait before another try, where the service said so. */
  readonly retryAfter: number | undefined;
  readonly headers: Headers;
  /** How many times the request was sent. */
  readonly attempts: number;
  /**
   * The reply to an earlier attempt was lost, so that it may have been carried out. A 412 or 410 may then be
   * about the call's own work: read the customer again before you take it for somebody else's.
   */
  readonly afterLostReply: boolean;

  constructor(problem: Partial<Problem> & { readonly status: number }, context: ProblemContext) {
    const {
      status,
      code = 'unknown',
      title = `HTTP ${status}`,
      detail = 'The reply is no problem document.',
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

/** There is no reply, or only a part of one: nobody answered, the connection broke, or it took too long. */
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

/** The refusal that a reply is. One that is not from the service, such as a gateway's page, has the code `unknown`. */
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

/** RFC 9110 section 10.2.3: seconds, or a date, which gateways prefer. */
function secondsOf(retryAfter: string | null): number | undefined {
  if (retryAfter === null) return undefined;
  if (/^\d+$/.test(retryAfter)) return Number(retryAfter);
  const untilMs = Date.parse(retryAfter) - Date.now();
  return Number.isNaN(untilMs) ? undefined : Math.max(0, Math.ceil(untilMs / 1000));
}
