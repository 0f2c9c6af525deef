import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import {
  createGroupMetrics,
  type GroupObserver,
  observeStorage,
  type StorageFigures,
} from './storage-metrics.ts';
import type { SpanOutcome } from './tracing.ts';

/** The service's metrics, in Prometheus text format. */
export interface Metrics {
  requestStarted(): void;
  /** @param operation an operationId, or `other` for requests outside the contract; never a path. */
  requestEnded(operation: string, status: number, durationSeconds: number): void;
  /** Adds gauges of the change feed, read at each scrape. */
  observeFeed(feed: FeedFigures): void;
  /** Adds gauges of the database, read at each scrape. */
  observeStorage(figures: StorageFigures): void;
  /** Observes the transactions of the writer. */
  readonly groups: GroupObserver;
  /** Adds gauges of waiting work, read at each scrape. */
  observeLoad(load: LoadFigures): void;
  /** @param reason why a request was refused, from a closed list. */
  requestRefused(reason: string): void;
  /** @param outcome how a read of the replica ended, from a closed list. */
  replicaRead(outcome: string): void;
  /** Adds a counter of spans and returns its observer. Called only if traces are on. */
  observeSpans(): (outcome: SpanOutcome, count: number) => void;
  readonly contentType: string;
  render(): Promise<string>;
}

/** Sources of the change feed's gauges. */
export interface FeedFigures {
  /** The number of open streams. */
  streams(): number;
  /** The last position sent to open streams, a decimal; undefined without streams. */
  toldPosition(): string | undefined;
  /** The newest feed position, a decimal. */
  head(): Promise<string>;
}

/** Sources of the gauges of waiting work. */
export interface LoadFigures {
  readonly store: Readonly<Record<'reads' | 'writes', { readonly waiting: number; readonly waitMs: number }>>;
  readonly eventLoop: { readonly delayMs: number };
}

/** A scrape must not hang when the database does. */
const headTimeoutMs = 1000;

const durationBucketsSeconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Creates the metrics of one service in a registry of their own. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const requests = new Counter({
    name: 'http_requests_total',
    help: 'Completed requests, by operation and status code.',
    labelNames: ['operation', 'status'],
    registers: [registry],
  });
  const durations = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time from the request line to the end of the response, by operation.',
    labelNames: ['operation'],
    buckets: durationBucketsSeconds,
    registers: [registry],
  });
  const refusals = new Counter({
    name: 'http_requests_refused_total',
    help: 'Requests refused by authentication, authorization, origin checks, rate limits or load shedding, by reason.',
    labelNames: ['reason'],
    registers: [registry],
  });
  const replicaReads = new Counter({
    name: 'replica_reads_total',
    help: 'Reads with Min-Feed-Position, by outcome: served by the replica, or by the primary because the replica was behind, failed or paused.',
    labelNames: ['outcome'],
    registers: [registry],
  });
  const inFlight = new Gauge({
    name: 'http_requests_in_flight',
    help: 'Requests in progress.',
    registers: [registry],
  });
  return {
    requestStarted: () => inFlight.inc(),
    requestEnded(operation, status, durationSeconds) {
      inFlight.dec();
      requests.inc({ operation, status });
      durations.observe({ operation }, durationSeconds);
    },
    observeFeed: (feed) => observeFeed(registry, feed),
    observeStorage: (figures) => observeStorage(registry, figures),
    groups: createGroupMetrics(registry),
    observeLoad: (load) => observeLoad(registry, load),
    requestRefused: (reason) => refusals.inc({ reason }),
    replicaRead: (outcome) => replicaReads.inc({ outcome }),
    observeSpans: () => observeSpans(registry),
    contentType: registry.contentType,
    render: () => registry.metrics(),
  };
}

function observeSpans(registry: Registry): (outcome: SpanOutcome, count: number) => void {
  const spans = new Counter({
    name: 'trace_spans_total',
    help: 'Spans, by outcome: exported, failed at the collector, or dropped because the queue was full.',
    labelNames: ['outcome'],
    registers: [registry],
  });
  // Prometheus sees an increase only after a first sample.
  for (const outcome of ['exported', 'failed', 'dropped'] satisfies SpanOutcome[]) spans.inc({ outcome }, 0);
  return (outcome, count) => spans.inc({ outcome }, count);
}

function observeLoad(registry: Registry, { store, eventLoop }: LoadFigures): void {
  const queues = ['reads', 'writes'] as const;
  new Gauge({
    name: 'storage_queue_wait_seconds',
    help: 'Expected wait of new work for the database, by queue.',
    labelNames: ['queue'],
    registers: [registry],
    collect() {
      for (const queue of queues) this.set({ queue }, store[queue].waitMs / 1000);
    },
  });
  new Gauge({
    name: 'write_queue_length',
    help: 'Writes waiting for a transaction.',
    registers: [registry],
    collect() {
      this.set(store.writes.waiting);
    },
  });
  new Gauge({
    name: 'event_loop_standing_delay_seconds',
    help: 'Standing delay of the event loop, which load shedding goes by.',
    registers: [registry],
    collect() {
      this.set(eventLoop.delayMs / 1000);
    },
  });
}

function observeFeed(registry: Registry, feed: FeedFigures): void {
  new Gauge({
    name: 'feed_streams_open',
    help: 'Open change feed streams of this process.',
    registers: [registry],
    collect() {
      this.set(feed.streams());
    },
  });
  const lag = new Gauge({
    name: 'feed_lag_changes',
    help: 'Changes not yet sent to the open streams of this process; 0 without streams.',
    registers: [registry],
  });
  new Gauge({
    name: 'feed_head_position',
    help: 'Newest change feed position, or the last known one while the database does not answer.',
    registers: [registry],
    async collect() {
      const late = new Promise<undefined>((resolve) => setTimeout(resolve, headTimeoutMs, undefined).unref());
      const head = await Promise.race([feed.head().catch(() => undefined), late]);
      if (head === undefined) return;
      this.set(Number(head));
      // Streams may have advanced while the head was read.
      lag.set(Math.max(0, Number(head) - Number(feed.toldPosition() ?? head)));
    },
  });
}
