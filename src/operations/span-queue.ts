import { BatchSpanProcessor, type SpanExporter, type SpanProcessor } from '@opentelemetry/sdk-trace';
import type { SpanObserver } from './tracing.ts';

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
