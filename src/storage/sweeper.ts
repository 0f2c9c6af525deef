import type { Log } from '../telemetry/log.ts';

/** How much a round has removed. */
export interface RoundReport {
  readonly idempotencyKeys: number;
  readonly changes: number;
  readonly customers: number;
}

export interface HousekeepingOptions {
  readonly log: Log;
  /** From the end of one round to the beginning of the next. */
  readonly intervalMs: number;
}

/** Work of its own that the service does again and again beside requests. */
export interface Housekeeping {
  /** Ends the round under way where it can, and resolves when it has. */
  stop(): Promise<void>;
}

/**
 * Does a round now and then, one at a time. It keeps no process alive, and a round that fails is logged and tried
 * again with the next.
 */
export function startHousekeeping(
  round: (signal: AbortSignal) => Promise<RoundReport>,
  { log, intervalMs }: HousekeepingOptions,
): Housekeeping {
  const stopping = new AbortController();
  let running: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;

  async function run(): Promise<void> {
    try {
      const { idempotencyKeys, changes, customers } = await round(stopping.signal);
      if (idempotencyKeys + changes + customers > 0)
        log.info({ idempotencyKeys, changes, customers }, 'removed what is past its time');
    } catch (error) {
      if (!stopping.signal.aborted) log.warn({ err: error }, 'housekeeping failed and is tried again');
    }
    schedule();
  }

  function schedule(): void {
    if (stopping.signal.aborted) return;
    timer = setTimeout(() => {
      running = run();
    }, intervalMs).unref();
  }

  schedule();
  return {
    async stop() {
      stopping.abort();
      clearTimeout(timer);
      await running;
    },
  };
}
