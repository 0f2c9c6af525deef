import type { QueueStats } from '../../domain/customer-store.ts';

/** Tracks the reads that wait for a connection, for load shedding and metrics. */
export interface ReadQueue extends QueueStats {
  /** When the last read arrived, by `performance.now()`. */
  readonly lastArrivalAt: number;
  /** Runs a read, which calls `started` once it has its connection. */
  run<Result>(read: (started: () => void) => Promise<Result>): Promise<Result>;
}

/**
 * Creates the queue of reads over a pool of this many connections. The pool serves reads in order of arrival, so the
 * first in the queue has waited longest.
 */
export function createReadQueue(connections: number): ReadQueue {
  /** The arrival of each waiting read. */
  const waiting = new Map<symbol, number>();
  /** Moving average of a read's duration: the newest counts one eighth. */
  let readMs = 0;
  let lastArrivalAt = Number.NEGATIVE_INFINITY;

  return {
    get lastArrivalAt() {
      return lastArrivalAt;
    },
    get waiting() {
      return waiting.size;
    },
    get waitMs() {
      const [longest] = waiting.values();
      if (longest === undefined) return 0;
      return Math.max(performance.now() - longest, (waiting.size * readMs) / connections);
    },
    async run(read) {
      const ticket = Symbol();
      lastArrivalAt = performance.now();
      waiting.set(ticket, lastArrivalAt);
      let startedAt: number | undefined;
      try {
        return await read(() => {
          waiting.delete(ticket);
          startedAt = performance.now();
        });
      } finally {
        waiting.delete(ticket);
        if (startedAt !== undefined) readMs += (performance.now() - startedAt - readMs) / 8;
      }
    },
  };
}
