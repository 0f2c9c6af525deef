import { setTimeout as pause } from 'node:timers/promises';

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
