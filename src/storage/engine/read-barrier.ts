import { setTimeout as pause } from 'node:timers/promises';

/** How long {@link ReadBarrier.runExclusive} waits for running reads before it runs its work regardless. */
const drainMs = 250;

/** Lets reads run concurrently, and holds them back for short exclusive work. */
export interface ReadBarrier {
  run<Result>(read: () => Promise<Result>): Promise<Result>;
  /** Runs work while no read starts. Waits for running reads first, but not for long ones. */
  runExclusive<Result>(work: () => Promise<Result>): Promise<Result>;
}

export function createReadBarrier(): ReadBarrier {
  let running = 0;
  let closed: Promise<void> | undefined;
  let onIdle = () => {};

  function untilIdle(): Promise<void> {
    if (running === 0) return Promise.resolve();
    return new Promise((resolve) => {
      onIdle = resolve;
    });
  }

  return {
    async run(read) {
      while (closed) await closed;
      running += 1;
      try {
        return await read();
      } finally {
        running -= 1;
        if (running === 0) onIdle();
      }
    },
    async runExclusive(work) {
      let open = () => {};
      closed = new Promise((resolve) => {
        open = resolve;
      });
      try {
        await Promise.race([untilIdle(), pause(drainMs, undefined, { ref: false })]);
        return await work();
      } finally {
        closed = undefined;
        open();
      }
    },
  };
}
