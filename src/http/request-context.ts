import type { IncomingHttpHeaders } from 'node:http';
import type { RequestHandler, Response } from 'express';
import type { Operation } from '../contract/operations.ts';
import type { ProblemError } from '../contract/types.ts';
import { anonymous, type Principal, type Refusal } from '../domain/authentication.ts';
import type { IdSource } from '../domain/clock.ts';
import { type Failure, unavailable } from '../domain/failures.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { RequestSpan, Tracing } from '../telemetry/tracing.ts';
import { startBodyDeadline } from './middleware/body.ts';
import type { RateLimitHeaders } from './middleware/rate-limit.ts';
import { countReply, countRequest, createAfterTheEnd } from './shutdown.ts';

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

const requestIdPattern = /^[A-Za-z0-9_.:-]{1,128}$/;

/** What gives requests their ids and watches them. */
export interface Observers {
  readonly ids: IdSource;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Undefined where traces are off. */
  readonly tracing?: Tracing | undefined;
}

export interface BeginRequestOptions extends Observers {
  readonly requestTimeoutMs: number;
}

/** What a caller gets who did not wait for the answer: nothing. Nginx's number for it in logs and metrics. */
const clientClosedRequest = 499;

/** Requests of one connection that are not answered yet. One more is refused, and is the connection's last. */
const pipelinedMax = 32;
/** A client that sends on all the same is cut off. */
const pipelinedCutMax = 64;

/** The least of a deadline's tenth that a reply may be late. */
const graceLeastMs = 500;

/** Gives every request its id, deadline and principal, and sees to it that its end is logged and counted. */
export function beginRequest({
  ids,
  log,
  metrics,
  tracing,
  requestTimeoutMs,
}: BeginRequestOptions): RequestHandler {
  const afterTheEnd = createAfterTheEnd();

  function refuseConnection(): Failure {
    const detail = `The connection has ${pipelinedMax} requests without an answer, which is as many as it may have.`;
    return unavailable(detail, undefined, { Connection: 'close' });
  }

  // One function for all requests: `this` is the response that closed.
  function ended(this: Response): void {
    const { context, socket } = this.req;
    countReply(socket);
    const status = this.writableFinished ? this.statusCode : clientClosedRequest;
    const durationMs = performance.now() - context.startedAt;
    const operation = context.operation?.id ?? 'other';
    metrics.requestEnded(operation, status, durationMs / 1000);
    // For the audit: why, with which key if it is one, and from where, as far as that is no person.
    const { refusal } = context;
    if (refusal) metrics.requestRefused(refusal.reason);
    const trace = isTraced(context) ? context.trace : undefined;
    const entry = {
      requestId: context.requestId,
      trace_id: trace?.traceId ?? context.callerTraceId,
      span_id: trace?.spanId,
      operation,
      method: context.method,
      status,
      durationMs: Math.round(durationMs * 1000) / 1000,
      principal: context.principal.name,
      code: context.failureCode,
      reason: refusal?.reason,
      keyId: refusal?.keyId,
      network: refusal?.network,
    };
    if (context.failureCause === undefined) log.info(entry, 'request');
    else log.error({ ...entry, err: context.failureCause }, 'request');
    if (trace) endTrace(trace, context, this.writableFinished ? status : undefined);
  }

  const graceMs = Math.max(graceLeastMs, requestTimeoutMs / 10);

  return function beginRequest(request, response, next) {
    const { headers, socket } = request;
    const waiting = countRequest(socket);
    if (waiting > pipelinedCutMax) socket.destroy();
    if (afterTheEnd(request, response)) return;
    const givenId = headers['x-request-id'];
    const parent = traceParentOf(headers);
    const scheme = 'encrypted' in socket ? 'https' : 'http';
    const trace = tracing?.beginRequest(request.method, scheme, parent);
    request.context = {
      requestId: typeof givenId === 'string' && requestIdPattern.test(givenId) ? givenId : ids(),
      method: request.method,
      callerTraceId: parent?.traceId,
      trace,
      startedAt: performance.now(),
      deadlineMs: Date.now() + requestTimeoutMs,
      latestMs: Date.now() + requestTimeoutMs + graceMs,
      principal: anonymous,
      refusal: undefined,
      rateLimit: undefined,
      operation: undefined,
      replyMediaType: undefined,
      bodyDeadline: startBodyDeadline(request),
      queryFaults: [],
      bodyBytes: undefined,
      failureCode: undefined,
      failureCause: undefined,
    };
    metrics.requestStarted();
    response.once('close', ended);
    next(waiting > pipelinedMax ? refuseConnection() : undefined);
  };
}

/** Probes, metrics and documents are no operations: nobody looks for a trace of those that were answered. */
function isTraced({ operation, failureCode }: RequestContext): boolean {
  return operation !== undefined || failureCode !== undefined;
}

function endTrace(trace: RequestSpan, context: RequestContext, status: number | undefined): void {
  const { operation, requestId, failureCode: code } = context;
  trace.end({ operation, requestId, status, code });
}

/** What a caller says of the trace that it is in (W3C Trace Context). */
export interface TraceParent {
  readonly traceId: string;
  readonly spanId: string;
  /** Whether the caller records the trace. */
  readonly sampled: boolean;
  /** What OpenTelemetry itself says of how the trace was sampled: the member `ot` of `tracestate`. */
  readonly state: string | undefined;
}

/** A version after 00 may have more parts behind; its first ones mean the same. */
const traceparentPattern = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const invalidVersion = 'ff';
const firstVersion = '00';
const nullTraceId = '0'.repeat(32);
const nullSpanId = '0'.repeat(16);
const sampledFlag = 1;

/** Numbers only. What other systems say is for those that a trace is passed on to, and it may hold anything. */
const samplingState = /(?:^|,)[ \t]*(ot=(?:(?:th|rv):[0-9a-f]{1,14};?){1,2})[ \t]*(?:,|$)/;

/** The caller's trace; undefined where it names none, or not as it must be, which is as good as none. */
export function traceParentOf({ traceparent, tracestate }: IncomingHttpHeaders): TraceParent | undefined {
  if (typeof traceparent !== 'string') return undefined;
  const [, version, traceId = '', spanId = '', flags = '', more] = traceparentPattern.exec(traceparent) ?? [];
  if (version === undefined || version === invalidVersion) return undefined;
  if (version === firstVersion && more !== undefined) return undefined;
  if (traceId === nullTraceId || spanId === nullSpanId) return undefined;
  const sampled = (Number.parseInt(flags, 16) & sampledFlag) === sampledFlag;
  return { traceId, spanId, sampled, state: samplingState.exec(String(tracestate ?? ''))?.[1] };
}
