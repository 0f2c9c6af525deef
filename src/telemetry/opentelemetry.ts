import {
  type Context,
  createTraceState,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import {
  defaultResource,
  detectResources,
  envDetector,
  resourceFromAttributes,
} from '@opentelemetry/resources';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  type Sampler,
  type SpanExporter,
  type SpanProcessor,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import type { TracingConfig } from '../config/tracing.ts';
import { withTimeout } from '../runtime/with-timeout.ts';
import type {
  Instance,
  ParentSpan,
  RequestOutcome,
  RequestSpan,
  ServedRequest,
  SpanIds,
  SpanObserver,
  Tracing,
  Work,
  WorkSpan,
} from './tracing.ts';

/** How many pieces of work are recorded of one request: an import or an export has no end to them. */
const worksPerRequestMax = 100;

/** As many as can share a transaction. */
const linksPerSpanMax = 256;

/** How long the stop waits for the collector. */
const flushTimeoutMs = 1000;

/** Those that the conventions know; others would make as many names as there are callers. */
const knownMethods = new Set([
  ...['CONNECT', 'DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT', 'TRACE'],
]);

/**
 * Traces by the SDK of OpenTelemetry, by hand and without its globals: nothing is patched, several services of a
 * process do not meet, and spans are handed on as arguments, for shared work has no current request.
 */
export function createTracing(
  config: TracingConfig,
  { version, id }: Instance,
  observer: SpanObserver,
): Tracing {
  const exporter = new OTLPTraceExporter({ timeoutMillis: exportTimeoutMs });
  const queue = createSpanQueue(exporter, observer);
  const own = { 'service.name': 'customers', 'service.version': version, 'service.instance.id': id };
  const provider = new TracerProvider({
    sampler: samplerFrom(config),
    resource: defaultResource()
      .merge(resourceFromAttributes(own))
      .merge(detectResources({ detectors: [envDetector] })),
    spanLimits: { linkCountLimit: linksPerSpanMax },
    spanProcessors: [queue],
  });
  const tracer = provider.getTracer('customers');

  return {
    beginRequest(sentMethod, scheme, parent) {
      const method = knownMethods.has(sentMethod) ? sentMethod : '_OTHER';
      const attributes = { 'http.request.method': method, 'url.scheme': scheme };
      const span = tracer.startSpan(
        nameOf(method),
        { kind: SpanKind.SERVER, attributes },
        parent ? trace.setSpanContext(ROOT_CONTEXT, remoteContext(parent)) : ROOT_CONTEXT,
      );
      return span.isRecording() ? requestSpan(span, nameOf(method)) : undefined;
    },
    beginWork(work, served) {
      const [first, ...others] = served.filter((request) => request.takeWork());
      return first && workSpan(tracer, work, first, others);
    },
    stop: () => withTimeout(flushTimeoutMs, provider.shutdown().catch(ignore), () => queue.giveUp()),
  };
}

/** What was refused has been counted and logged already. */
function ignore(): void {}

function samplerFrom({ sampler, ratio }: TracingConfig): Sampler {
  const roots = {
    always_on: () => new AlwaysOnSampler(),
    always_off: () => new AlwaysOffSampler(),
    traceidratio: () => new TraceIdRatioBasedSampler(ratio),
  };
  const root = roots[sampler.replace('parentbased_', '') as keyof typeof roots]();
  return sampler.startsWith('parentbased_') ? new ParentBasedSampler({ root }) : root;
}

function nameOf(method: string): string {
  return method === '_OTHER' ? 'HTTP' : method;
}

function requestSpan(span: Span, method: string): RequestSpan {
  let works = 0;
  return {
    ...idsOf(span),
    takeWork() {
      works += 1;
      return works <= worksPerRequestMax;
    },
    linkTo(work) {
      span.addLink({ context: sampledContext(work) });
    },
    end(outcome) {
      describeOutcome(span, method, outcome);
      if (works > worksPerRequestMax)
        span.setAttribute('customers.works_not_recorded', works - worksPerRequestMax);
      span.end();
    },
  };
}

function describeOutcome(
  span: Span,
  method: string,
  { operation, requestId, status, code }: RequestOutcome,
): void {
  if (operation) {
    span.updateName(`${method} ${operation.path}`);
    span.setAttributes({ 'http.route': operation.path, 'customers.operation_id': operation.id });
  }
  span.setAttribute('customers.request_id', requestId);
  if (code !== undefined) span.setAttribute('customers.problem_code', code);
  if (status === undefined) {
    span.setAttribute('error.type', 'client_closed_request');
    return;
  }
  span.setAttribute('http.response.status_code', status);
  // What a caller has done wrong is no error of the service's, by the conventions.
  if (status >= 500) fail(span, code ?? String(status));
}

function workSpan(
  tracer: Tracer,
  { kind, system, role }: Work,
  first: ServedRequest,
  others: readonly ServedRequest[],
): WorkSpan {
  const attributes = {
    'db.system.name': system,
    'customers.database_role': role,
    'customers.requests_served': others.length + 1,
  };
  const links = others.map((request) => ({ context: sampledContext(request) }));
  const span = tracer.startSpan(kind, { kind: SpanKind.INTERNAL, attributes, links }, contextOf(first));
  const ids = idsOf(span);
  const inside = contextOf(ids);
  for (const request of others) request.linkTo(ids);
  return {
    ...ids,
    beginStatement({ operation, summary }) {
      const about = {
        'db.system.name': system,
        'db.operation.name': operation,
        'db.query.summary': summary,
      };
      const statement = tracer.startSpan(summary, { kind: SpanKind.CLIENT, attributes: about }, inside);
      return { ...idsOf(statement), end: (fault) => endWith(statement, fault) };
    },
    end: (fault) => endWith(span, fault),
  };
}

function endWith(span: Span, fault: string | undefined): void {
  if (fault !== undefined) {
    span.setAttribute('db.response.status_code', fault);
    fail(span, fault);
  }
  span.end();
}

/** Without a message or a stack: those of a database hold values. */
function fail(span: Span, type: string): void {
  span.setAttribute('error.type', type);
  span.setStatus({ code: SpanStatusCode.ERROR });
}

function idsOf(span: Span): SpanIds {
  const { traceId, spanId } = span.spanContext();
  return { traceId, spanId };
}

function contextOf(ids: SpanIds): Context {
  return trace.setSpanContext(ROOT_CONTEXT, sampledContext(ids));
}

/** Of a span of ours that is recorded, as all are that are handed on. */
function sampledContext({ traceId, spanId }: SpanIds): SpanContext {
  return { traceId, spanId, traceFlags: TraceFlags.SAMPLED };
}

function remoteContext({ traceId, spanId, sampled, state }: ParentSpan): SpanContext {
  const traceFlags = sampled ? TraceFlags.SAMPLED : TraceFlags.NONE;
  const context = { traceId, spanId, traceFlags, isRemote: true };
  return state === undefined ? context : { ...context, traceState: createTraceState(state) };
}

/** How many spans wait for the collector; one more is dropped, and counted. About 10 MB. */
const spansWaitingMax = 8192;

/** How many are sent at once, one batch after the other. */
const spansPerExport = 512;

/** How long a lone span waits for others. */
const scheduledDelayMillis = 2000;

/** How long the collector may take for a batch, what is tried again included. */
export const exportTimeoutMs = 5000;

export interface SpanQueue extends SpanProcessor {
  /** Takes all that is not sent yet for lost. */
  giveUp(): void;
}

/**
 * The SDK's queue of spans, which drops what it has no room for and does not say so: the room is kept in here, and what
 * becomes of each span is told. Nothing that goes wrong comes back to whoever ended a span.
 */
export function createSpanQueue(exporter: SpanExporter, { onSpans, onHealth }: SpanObserver): SpanQueue {
  let waiting = 0;
  let sending = 0;
  let healthy = true;

  function noteOutcome(count: number, error: unknown): void {
    onSpans(error === undefined ? 'exported' : 'failed', count);
    if (healthy === (error === undefined)) return;
    healthy = error === undefined;
    onHealth(healthy ? undefined : { error });
  }

  const queue = new BatchSpanProcessor({
    exporter: {
      export(spans, done) {
        waiting -= spans.length;
        sending += spans.length;
        exporter.export(spans, (result) => {
          sending -= spans.length;
          const failed = result.code !== 0;
          noteOutcome(spans.length, failed ? (result.error ?? new Error('The export failed.')) : undefined);
          done(result);
        });
      },
      shutdown: () => exporter.shutdown(),
    },
    maxQueueSize: spansWaitingMax,
    maxExportBatchSize: spansPerExport,
    scheduledDelayMillis,
    // The exporter's own deadline comes first.
    exportTimeoutMillis: exportTimeoutMs * 2,
  });

  return {
    onStart() {},
    onEnd(span) {
      if (waiting >= spansWaitingMax) {
        onSpans('dropped', 1);
        return;
      }
      waiting += 1;
      queue.onEnd(span);
    },
    forceFlush: () => queue.forceFlush(),
    shutdown: () => queue.shutdown(),
    giveUp() {
      noteOutcome(waiting + sending, new Error('The collector did not take the last spans in time.'));
    },
  };
}
