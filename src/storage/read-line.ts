import type { QueueLoad } from '../domain/store-load.ts';

/** Reads in the order in which they came, those that wait for a connection first of all. */
export interface ReadLine extends QueueLoad {
  /** When the last one came, by `performance.now()`. */
  readonly cameAt: number;
  /** Runs a read, which calls `begun` when it has its connection. */
  pass<Result>(read: (begun: () => void) => Promise<Result>): Promise<Result>;
}

/**
 * Knows how long reads wait for one of so many connections. Connections are lent in the order of asking, so that
 * the first of those who wait has waited longest.
 */
export function createReadLine(connections: number): ReadLine {
  /** When each of those who wait came. */
  const waiting = new Map<symbol, number>();
  /** How long a read takes of late: the newest counts an eighth. */
  let readMs = 0;
  let cameAt = Number.NEGATIVE_INFINITY;

  return {
    get cameAt() {
      return cameAt;
    },
    get waiting() {
      return waiting.size;
    },
    get waitMs() {
      for (const since of waiting.values()) {
        return Math.max(performance.now() - since, (waiting.size * readMs) / connections);
      }
      return 0;
    },
    async pass(read) {
      const ticket = Symbol();
      cameAt = performance.now();
      waiting.set(ticket, cameAt);
      let begunAt: number | undefined;
      try {
        return await read(() => {
          waiting.delete(ticket);
          begunAt = performance.now();
        });
      } finally {
        waiting.delete(ticket);
        if (begunAt !== undefined) readMs += (performance.now() - begunAt - readMs) / 8;
      }
    },
  };
}
