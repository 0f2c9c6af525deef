import type { Log } from './log.ts';
import type { Metrics } from './metrics.ts';
import type { SpanObserver } from './tracing.ts';

/**
 * Observes the read replica: counts its reads and logs when it fails and recovers.
 * @param fault the problem found with the replica at the start, if any.
 */
export function observeReplica(fault: string | undefined, { replicaRead }: Metrics, log: Log) {
  if (fault !== undefined) {
    log.warn({ part: 'replica', err: new Error(`It ${fault}`) }, 'the replica is not used yet');
  }
  return {
    onRead: replicaRead,
    onHealth(reason: { readonly error: unknown } | undefined) {
      if (reason) log.warn({ part: 'replica', err: reason.error }, 'the replica is not used for a while');
      else log.info({ part: 'replica' }, 'the replica is used again');
    },
  };
}

/** Observes the export of spans: counts them, and logs when exports fail and recover. */
export function observeSpans(metrics: Metrics, log: Log): SpanObserver {
  return {
    onSpans: metrics.observeSpans(),
    onHealth(reason) {
      if (reason) log.warn({ part: 'traces', err: reason.error }, 'traces cannot be sent; they are dropped');
      else log.info({ part: 'traces' }, 'traces are sent again');
    },
  };
}

/** Logs when keys cannot be refreshed, and when they can again. */
export function observeCredentials(log: Log) {
  return (part: string, error: unknown) => {
    if (error === undefined) log.info({ part }, 'credentials can be checked again');
    else log.error({ part, err: error }, 'credentials cannot be brought up to date');
  };
}
