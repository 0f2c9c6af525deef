import type { Operation } from '../contract/operations.ts';
import type { ProblemError } from '../contract/types.ts';
import type { Refusal } from '../domain/authentication.ts';
import type { Principal } from '../domain/principal.ts';
import type { RequestSpan } from '../operations/tracing.ts';
import type { RateLimitHeaders } from './rate-limits.ts';

/** What the service knows of a request while it lasts. One object, made at once, so that its shape is stable. */
export interface RequestContext {
  readonly requestId: string;
  /** As it was sent: HEAD, where the rest goes on as with GET. */
  readonly method: string;
  /** The trace id of a valid `traceparent` (W3C Trace Context), else undefined. */
  readonly callerTraceId: string | undefined;
  /** What is recorded of it; undefined for all requests where traces are off. */
  readonly trace: RequestSpan | undefined;
  /** On the monotonic clock, in milliseconds. */
  readonly startedAt: number;
  /** When the database gives up, as milliseconds since 1970. */
  readonly deadlineMs: number;
  /** When the caller is answered 503, whatever is still waited for: the database's own word comes first. */
  readonly latestMs: number;
  /** May do nothing until the caller is authenticated. */
  principal: Principal;
  /** What the log tells of a request that was refused for who made it, or for how many. */
  refusal: (Refusal & { readonly network: string }) | undefined;
  /** What the reply tells of the caller's limit, where there is one. */
  rateLimit: RateLimitHeaders | undefined;
  /** Known once the contract has matched the request. */
  operation: Operation | undefined;
  /** What the caller's Accept prefers of the operation's media types; undefined where it does not matter. */
  replyMediaType: string | undefined;
  /** Ends a request whose body trickles in. */
  readonly bodyDeadline: NodeJS.Timeout | undefined;
  /** What is wrong with the query beyond what the validator sees. */
  queryFaults: readonly ProblemError[];
  /** The body as it came in, for the fingerprint of a keyed request. */
  bodyBytes: Uint8Array | undefined;
  /** What the log tells of a failed request. */
  failureCode: string | undefined;
  failureCause: unknown;
}

declare global {
  namespace Express {
    interface Request {
      context: RequestContext;
      /** Set by express-openapi-validator when it has matched the request to an operation. */
      openapi?: {
        readonly pathParams: Record<string, string>;
        readonly schema: { readonly operationId: string };
      };
    }
  }
}
