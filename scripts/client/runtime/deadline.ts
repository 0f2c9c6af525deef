/** A clock over one attempt, and the caller's signal with it. */
export interface Deadline extends Clock {
  /** Aborted when time is up, and when the caller's signal is. */
  readonly signal: AbortSignal;
  readonly timedOut: boolean;
  /** Ends the attempt now, whatever of it is under way. */
  cut(): void;
  /** Lets go of the clock and the caller's signal. */
  close(): void;
}

/** A clock that stands while somebody holds it, for whom it must not count: the caller, who may take their time. */
export interface Clock {
  hold(): void;
  /** Takes a hold back. When it was the last, the clock runs again, from the full time. */
  release(): void;
}

/** The clock runs from the start. Not `AbortSignal.any`, which browsers from before 2024 have not. */
export function startDeadline(timeoutMs: number, outer: AbortSignal | undefined): Deadline {
  const controller = new AbortController();
  const onAbort = () => controller.abort(outer?.reason);
  let timer: ReturnType<typeof setTimeout> | undefined;
  let holds = 0;
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
    hold() {
      holds += 1;
      clearTimeout(timer);
    },
    release() {
      holds -= 1;
      if (holds === 0) run();
    },
    cut: () => controller.abort(),
    close() {
      // Held for good: whoever releases it later does not start it.
      holds = Number.POSITIVE_INFINITY;
      clearTimeout(timer);
      outer?.removeEventListener('abort', onAbort);
    },
  };
}

/** Waits, and throws the signal's reason as soon as it is aborted. */
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
