import type { Log } from '../telemetry/log.ts';
import type { SweepReport } from './changes/retention.ts';

export interface SweeperOptions {
  readonly log: Log;
  /** The pause between the end of one sweep and the start of the next. */
  readonly intervalMs: number;
}

/** The background job that removes expired data. */
export interface Sweeper {
  /** Aborts the sweep under way and resolves when it has ended. */
  stop(): Promise<void>;
}

/** Runs a sweep at intervals, one at a time, without keeping the process alive. Logs a failure and continues. */
export function startSweeper(
  sweep: (signal: AbortSignal) => Promise<SweepReport>,
  { log, intervalMs }: SweeperOptions,
): Sweeper {
  const stopping = new AbortController();
  let running: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;

  async function run(): Promise<void> {
    try {
      const { idempotencyKeys, changes, customers } = await sweep(stopping.signal);
      if (idempotencyKeys + changes + customers > 0)
        log.info({ idempotencyKeys, changes, customers }, 'removed expired data');
    } catch (error) {
      if (!stopping.signal.aborted) log.warn({ err: error }, 'removing expired data failed; will retry');
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
