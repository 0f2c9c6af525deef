import type { RequestHandler, Response } from 'express';
import { type Failure, unavailable } from '../domain/failures.ts';
import { anonymous } from '../domain/principal.ts';
import type { IdSource } from '../domain/sources.ts';
import type { Log } from '../operations/log.ts';
import type { Metrics } from '../operations/metrics.ts';
import type { RequestSpan, Tracing } from '../operations/tracing.ts';
import { startBodyDeadline } from './body-deadline.ts';
import { createAfterTheEnd } from './last-reply.ts';
import type { RequestContext } from './request-context.ts';
import { traceParentOf } from './trace-context.ts';
import { countReply, countRequest } from './unanswered.ts';

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
