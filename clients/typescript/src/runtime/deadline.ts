/** The time limit of one attempt, combined with the caller's signal. */
export interface Deadline {
  /** Aborted when time is up or the caller's signal is aborted. */
  readonly signal: AbortSignal;
  readonly timedOut: boolean;
  /** Pauses the clock while the caller is busy. Pauses nest. */
  pause(): void;
  /** Undoes one `pause`. After the last, the clock restarts with the full time. */
  resume(): void;
  /** Aborts the attempt. */
  abort(): void;
  /** Stops the clock and releases the caller's signal. */
  close(): void;
}

/** Starts the clock. It avoids `AbortSignal.any`, which browsers before 2024 lack. */
export function startDeadline(timeoutMs: number, outer: AbortSignal | undefined): Deadline {
  const controller = new AbortController();
  const onAbort = () => controller.abort(outer?.reason);
  let timer: ReturnType<typeof setTimeout> | undefined;
  let pauses = 0;
  let timedOut = false;
  const run = () => {
    timer = setTimeout(() => {
      timedOut = true;
      controller.abort();
    }, timeoutMs);
  };
  if (outer?.aborted) onAbort();
  else outer?.addEventListener('abort', onAbort, { once: true });
  run();
  return {
    signal: controller.signal,
    get timedOut() {
      return timedOut;
    },
    pause() {
      pauses += 1;
      clearTimeout(timer);
    },
    resume() {
      pauses -= 1;
      if (pauses === 0) run();
    },
    abort: () => controller.abort(),
    close() {
      // A later `resume` must not restart the clock.
      pauses = Number.POSITIVE_INFINITY;
      clearTimeout(timer);
      outer?.removeEventListener('abort', onAbort);
    },
  };
}

/** Waits; throws the signal's reason as soon as it is aborted. */
export function sleep(delayMs: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const wake = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', wake);
      if (signal?.aborted) reject(signal.reason);
      else resolve();
    };
    const timer = setTimeout(wake, delayMs);
    signal?.addEventListener('abort', wake, { once: true });
    if (signal?.aborted) wake();
  });
}
