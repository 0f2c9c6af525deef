import type { IncomingHttpHeaders } from 'node:http';
import type { RequestHandler } from 'express';
import type { Operation } from '../contract/operations.ts';
import type { ProblemError } from '../contract/types.ts';
import { anonymous, type Principal, type Refusal } from '../domain/authentication.ts';
import type { IdSource } from '../domain/clock.ts';
import type { RequestSpan, Tracing } from '../telemetry/tracing.ts';
import { startBodyDeadline } from './middleware/body.ts';
import type { RateLimitHeaders } from './middleware/rate-limit.ts';

/** State of one request. Created with all members, so that V8 keeps one object shape. */
export interface RequestContext {
  readonly requestId: string;
  /** The method as sent. `request.method` becomes GET for a HEAD request. */
  readonly method: string;
  /** The trace id of a valid `traceparent` header. */
  readonly incomingTraceId: string | undefined;
  /** Undefined if the request is not sampled or tracing is off. */
  readonly trace: RequestSpan | undefined;
  /** Monotonic, in milliseconds. */
  readonly startedAt: number;
  /** When the database gives up, in milliseconds since 1970. */
  readonly deadlineMs: number;
  /** When the client gets a 503 at the latest. After `deadlineMs`, so that the database's own error comes first. */
  readonly hardDeadlineMs: number;
  /** Anonymous, without any scope, until authentication. */
  principal: Principal;
  /** Why the request was refused, for the log: credentials, origin or rate limit. */
  refusal: (Refusal & { readonly network: string }) | undefined;
  /** Response headers of the client's rate limit. */
  rateLimit: RateLimitHeaders | undefined;
  /** Set by the router. */
  operation: Operation | undefined;
  /** The operation's media type that Accept prefers; undefined without a preference. */
  responseMediaType: string | undefined;
  readonly bodyDeadline: NodeJS.Timeout | undefined;
  /** Query faults that express-openapi-validator does not find. */
  queryFaults: readonly ProblemError[];
  /** The raw body, for the fingerprint of a request with an Idempotency-Key. */
  bodyBytes: Uint8Array | undefined;
  /** Code and cause of the failure, for the log. */
  failureCode: string | undefined;
  failureCause: unknown;
}

declare global {
  namespace Express {
    interface Request {
      context: RequestContext;
      /** The matched operation, in the form that express-openapi-validator expects. */
      openapi?: {
        readonly pathParams: Record<string, string>;
        readonly schema: { readonly operationId: string };
      };
    }
  }
}

export interface RequestContextDeps {
  readonly ids: IdSource;
  /** Undefined if tracing is off. */
  readonly tracing?: Tracing | undefined;
  readonly requestTimeoutMs: number;
}

const requestIdPattern = /^[A-Za-z0-9_.:-]{1,128}$/;

/** The hard deadline follows the deadline after 10% of the timeout, and at least this long. */
const hardDeadlineGraceLeastMs = 500;

/** Attaches the {@link RequestContext} and starts the request's span and deadlines. */
export function createRequestContext({ ids, tracing, requestTimeoutMs }: RequestContextDeps): RequestHandler {
  const graceMs = Math.max(hardDeadlineGraceLeastMs, requestTimeoutMs / 10);

  return function createRequestContext(request, _response, next) {
    const { headers, method, socket } = request;
    const givenId = headers['x-request-id'];
    const parent = parseTraceParent(headers);
    const scheme = 'encrypted' in socket ? 'https' : 'http';
    request.context = {
      requestId: typeof givenId === 'string' && requestIdPattern.test(givenId) ? givenId : ids(),
      method,
      incomingTraceId: parent?.traceId,
      trace: tracing?.beginRequest(method, scheme, parent),
      startedAt: performance.now(),
      deadlineMs: Date.now() + requestTimeoutMs,
      hardDeadlineMs: Date.now() + requestTimeoutMs + graceMs,
      principal: anonymous,
      refusal: undefined,
      rateLimit: undefined,
      operation: undefined,
      responseMediaType: undefined,
      bodyDeadline: startBodyDeadline(request),
      queryFaults: [],
      bodyBytes: undefined,
      failureCode: undefined,
      failureCause: undefined,
    };
    next();
  };
}

/** The client's trace context (W3C Trace Context). */
interface TraceParent {
  readonly traceId: string;
  readonly spanId: string;
  /** True if the client records the trace. */
  readonly sampled: boolean;
  /** OpenTelemetry's sampling state: the `ot` member of `tracestate`. */
  readonly state: string | undefined;
}

/** Later versions may append fields; the first four keep their meaning. */
const traceparentPattern = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const invalidVersion = 'ff';
const firstVersion = '00';
const nullTraceId = '0'.repeat(32);
const nullSpanId = '0'.repeat(16);
const sampledFlag = 1;

/** Matches only the numeric `ot` member. Members of other vendors are not passed on: they may hold anything. */
const samplingState = /(?:^|,)[ \t]*(ot=(?:(?:th|rv):[0-9a-f]{1,14};?){1,2})[ \t]*(?:,|$)/;

/** Parses `traceparent` and `tracestate`; undefined if the former is missing or invalid. */
function parseTraceParent({ traceparent, tracestate }: IncomingHttpHeaders): TraceParent | undefined {
  if (typeof traceparent !== 'string') return undefined;
  const [, version, traceId = '', spanId = '', flags = '', more] = traceparentPattern.exec(traceparent) ?? [];
  if (version === undefined || version === invalidVersion) return undefined;
  if (version === firstVersion && more !== undefined) return undefined;
  if (traceId === nullTraceId || spanId === nullSpanId) return undefined;
  const sampled = (Number.parseInt(flags, 16) & sampledFlag) === sampledFlag;
  return { traceId, spanId, sampled, state: samplingState.exec(String(tracestate ?? ''))?.[1] };
}
