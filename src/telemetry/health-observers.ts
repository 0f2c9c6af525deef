import type { Log } from './log.ts';
import type { Metrics } from './metrics.ts';
import type { SpanObserver } from './tracing.ts';

/**
 * Tells of a replica: a read at a time to the metrics, how it is to the log. One that does not answer is the
 * operator's affair, for callers are answered by the primary.
 * @param fault what was found of it at the start.
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

/** Tells of spans: what becomes of each to the metrics, and once to the log that they cannot be sent. */
export function observeSpans(metrics: Metrics, log: Log): SpanObserver {
  return {
    onSpans: metrics.observeSpans(),
    onHealth(reason) {
      if (reason) log.warn({ part: 'traces', err: reason.error }, 'traces cannot be sent; they are dropped');
      else log.info({ part: 'traces' }, 'traces are sent again');
    },
  };
}

/** Tells the log whether credentials can be checked against the newest keys. */
export function observeCredentials(log: Log) {
  return (part: string, error: unknown) => {
    if (error === undefined) log.info({ part }, 'credentials can be checked again');
    else log.error({ part, err: error }, 'credentials cannot be brought up to date');
  };
}
