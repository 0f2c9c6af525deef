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

/** Imports and exports have no limit of their own. */
const worksPerRequestMax = 100;

/** The most requests that can share a transaction. */
const linksPerSpanMax = 256;

const flushTimeoutMs = 1000;

/** The methods of the semantic conventions; others are recorded as `_OTHER`. */
const knownMethods = new Set([
  ...['CONNECT', 'DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT', 'TRACE'],
]);

/**
 * Starts tracing with the OpenTelemetry SDK, without auto-instrumentation or globals. Spans are passed as arguments, because
 * database work that several requests share has no current request. See ADR 0031.
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

/** Failed exports have been counted and logged already. */
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
  // By the conventions, 4xx is not an error of a server span.
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

/** Marks a span as failed. Messages and stacks are left out, because they may hold values. */
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

/** The context of a recorded span of this process. */
function sampledContext({ traceId, spanId }: SpanIds): SpanContext {
  return { traceId, spanId, traceFlags: TraceFlags.SAMPLED };
}

function remoteContext({ traceId, spanId, sampled, state }: ParentSpan): SpanContext {
  const traceFlags = sampled ? TraceFlags.SAMPLED : TraceFlags.NONE;
  const context = { traceId, spanId, traceFlags, isRemote: true };
  return state === undefined ? context : { ...context, traceState: createTraceState(state) };
}

/** Further spans are dropped. */
const spansWaitingMax = 8192;

const spansPerExport = 512;

const scheduledDelayMillis = 2000;

/** The time limit for sending a batch, including retries. */
const exportTimeoutMs = 5000;

/** A span processor that reports how each span ended. */
export interface SpanQueue extends SpanProcessor {
  /** Reports all unsent spans as failed. */
  giveUp(): void;
}

/**
 * Wraps the SDK's BatchSpanProcessor, which drops spans silently when its queue is full, to count exported, failed and
 * dropped spans.
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
    // Longer than the exporter's own time limit.
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
