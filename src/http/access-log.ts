import type { RequestHandler, Response } from 'express';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { RequestSpan } from '../telemetry/tracing.ts';
import type { RequestContext } from './request-context.ts';

export interface AccessLogDeps {
  readonly log: Log;
  readonly metrics: Metrics;
}

/** Logged for a client that disconnected before the response was complete; nginx uses the same number. */
const clientClosedRequest = 499;

/** Logs and counts each request when its response closes, and ends its span. */
export function accessLog({ log, metrics }: AccessLogDeps): RequestHandler {
  // A single listener for all requests: `this` is the response that closed.
  function onClose(this: Response): void {
    const { context } = this.req;
    const { refusal } = context;
    const status = this.writableFinished ? this.statusCode : clientClosedRequest;
    const durationMs = performance.now() - context.startedAt;
    const operation = context.operation?.id ?? 'other';
    metrics.requestEnded(operation, status, durationMs / 1000);
    if (refusal) metrics.requestRefused(refusal.reason);
    const span = isTraced(context) ? context.trace : undefined;
    const entry = {
      requestId: context.requestId,
      trace_id: span?.traceId ?? context.incomingTraceId,
      span_id: span?.spanId,
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
    if (span) endSpan(span, context, this.writableFinished ? status : undefined);
  }

  return function accessLog(_request, response, next) {
    metrics.requestStarted();
    response.once('close', onClose);
    next();
  };
}

/** Successful requests outside the contract, such as probes and scrapes, are not traced. */
function isTraced({ operation, failureCode }: RequestContext): boolean {
  return operation !== undefined || failureCode !== undefined;
}

function endSpan(span: RequestSpan, context: RequestContext, status: number | undefined): void {
  const { operation, requestId, failureCode: code } = context;
  span.end({ operation, requestId, status, code });
}
