import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import {
  createGroupMetrics,
  type GroupObserver,
  observeStorage,
  type StorageFigures,
} from './storage-metrics.ts';
import type { SpanOutcome } from './tracing.ts';

/** Rate, errors and duration of requests by operation, in the text format that Prometheus scrapes. */
export interface Metrics {
  /** @param operation an operationId, or `other` for what is none: never a path, so that labels stay few. */
  requestStarted(): void;
  requestEnded(operation: string, status: number, durationSeconds: number): void;
  /** Adds the change feed's figures, taken when they are scraped. */
  observeFeed(feed: FeedFigures): void;
  /** Adds the database's figures, taken when they are scraped. */
  observeStorage(figures: StorageFigures): void;
  /** Told of each transaction of writes. */
  readonly groups: GroupObserver;
  /** Adds how long work waits, taken when it is scraped. */
  observeLoad(load: LoadFigures): void;
  /** @param reason of a closed list: who was refused, or how often, stays in the log. */
  requestRefused(reason: string): void;
  /** @param outcome of a closed list: what came of asking the replica. */
  replicaRead(outcome: string): void;
  /** Adds what becomes of spans; not called where traces are off. */
  observeSpans(): (outcome: SpanOutcome, count: number) => void;
  readonly contentType: string;
  render(): Promise<string>;
}

export interface FeedFigures {
  /** How many streams are open. */
  streams(): number;
  /** The position that open streams have been told of, a decimal; undefined while there are none. */
  toldPosition(): string | undefined;
  /** The newest position of the feed, a decimal. */
  head(): Promise<string>;
}

export interface LoadFigures {
  readonly store: Readonly<Record<'reads' | 'writes', { readonly waiting: number; readonly waitMs: number }>>;
  readonly eventLoop: { readonly delayMs: number };
}

/** A database that does not answer must not keep the other figures from those who look why. */
const headTimeoutMs = 1000;

const durationBucketsSeconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const requests = new Counter({
    name: 'http_requests_total',
    help: 'Requests answered, by operation and status code.',
    labelNames: ['operation', 'status'],
    registers: [registry],
  });
  const durations = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'From the request line to the end of the reply, by operation.',
    labelNames: ['operation'],
    buckets: durationBucketsSeconds,
    registers: [registry],
  });
  const refusals = new Counter({
    name: 'http_requests_refused_total',
    help: 'Requests refused for their credential, its scope, their origin, their number or an overload, by reason.',
    labelNames: ['reason'],
    registers: [registry],
  });
  const replicaReads = new Counter({
    name: 'replica_reads_total',
    help: 'Reads with Min-Feed-Position, by what came of asking the replica: served by it, or by the primary because it was behind, failed or paused.',
    labelNames: ['outcome'],
    registers: [registry],
  });
  const inFlight = new Gauge({
    name: 'http_requests_in_flight',
    help: 'Requests begun and not yet answered.',
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
    help: 'Spans by what became of them: exported, refused by the collector (failed), or dropped because too many waited.',
    labelNames: ['outcome'],
    registers: [registry],
  });
  // An increase is seen only from a first value on.
  for (const outcome of ['exported', 'failed', 'dropped'] satisfies SpanOutcome[]) spans.inc({ outcome }, 0);
  return (outcome, count) => spans.inc({ outcome }, count);
}

function observeLoad(registry: Registry, { store, eventLoop }: LoadFigures): void {
  const queues = ['reads', 'writes'] as const;
  new Gauge({
    name: 'storage_queue_wait_seconds',
    help: 'How long work that comes now would wait for the database, by queue.',
    labelNames: ['queue'],
    registers: [registry],
    collect() {
      for (const queue of queues) this.set({ queue }, store[queue].waitMs / 1000);
    },
  });
  new Gauge({
    name: 'write_queue_length',
    help: 'Writes that wait for their transaction.',
    registers: [registry],
    collect() {
      this.set(store.writes.waiting);
    },
  });
  new Gauge({
    name: 'event_loop_standing_delay_seconds',
    help: 'How late the event loop is all the time: requests are refused for it.',
    registers: [registry],
    collect() {
      this.set(eventLoop.delayMs / 1000);
    },
  });
}

function observeFeed(registry: Registry, feed: FeedFigures): void {
  new Gauge({
    name: 'feed_streams_open',
    help: 'Clients of this process that follow the change feed.',
    registers: [registry],
    collect() {
      this.set(feed.streams());
    },
  });
  const lag = new Gauge({
    name: 'feed_lag_changes',
    help: 'Changes that the open streams of this process have not been told of; 0 where there are none.',
    registers: [registry],
  });
  new Gauge({
    name: 'feed_head_position',
    help: 'The newest position of the change feed; the last one known while the database does not answer.',
    registers: [registry],
    async collect() {
      const late = new Promise<undefined>((resolve) => setTimeout(resolve, headTimeoutMs, undefined).unref());
      const head = await Promise.race([feed.head().catch(() => undefined), late]);
      if (head === undefined) return;
      this.set(Number(head));
      // The streams may have come further since the head was asked for.
      lag.set(Math.max(0, Number(head) - Number(feed.toldPosition() ?? head)));
    },
  });
}
