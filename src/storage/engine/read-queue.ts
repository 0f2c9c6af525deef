import { setTimeout as pause } from 'node:timers/promises';
import type { QueueLoad } from '../../domain/customer-store.ts';

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

/** How long reads that have begun are waited for: a longer one will be waited for again. */
const patienceMs = 250;

/** Lets reads through, and now and then keeps them back for a moment. */
export interface ReadGate {
  pass<Result>(read: () => Promise<Result>): Promise<Result>;
  /** Runs work while no read begins, after those that have begun have ended or have been waited for. */
  whileClosed<Result>(work: () => Promise<Result>): Promise<Result>;
}

export function createReadGate(): ReadGate {
  let reading = 0;
  let closed: Promise<void> | undefined;
  let lastHasEnded = () => {};

  function untilNoneReads(): Promise<void> {
    if (reading === 0) return Promise.resolve();
    return new Promise((resolve) => {
      lastHasEnded = resolve;
    });
  }

  return {
    async pass(read) {
      while (closed) await closed;
      reading += 1;
      try {
        return await read();
      } finally {
        reading -= 1;
        if (reading === 0) lastHasEnded();
      }
    },
    async whileClosed(work) {
      let open = () => {};
      closed = new Promise((resolve) => {
        open = resolve;
      });
      try {
        await Promise.race([untilNoneReads(), pause(patienceMs, undefined, { ref: false })]);
        return await work();
      } finally {
        closed = undefined;
        open();
      }
    },
  };
}
