/** Keeps calls away from a server for a while after it has failed, so that not every one of them waits for it. */
export interface CircuitBreaker {
  /** Whether a call may be made; its end has to be told. After a pause a single one may, to find out. */
  enter(): boolean;
  succeeded(): void;
  /** @param error what it failed with, for the log. */
  failed(error: unknown, severity: FailureSeverity): void;
}

/** `call`: another call may well succeed, and only several in a row tell of the server. */
export type FailureSeverity = 'call' | 'server';

export interface CircuitBreakerOptions {
  readonly pauseMs: number;
  /** How many calls in a row may fail before calls are kept away. */
  readonly failuresMax: number;
  /** Told when calls are kept away, with the reason, and when they are let through again. */
  readonly onChange: (reason: { readonly error: unknown } | undefined) => void;
}

export function createCircuitBreaker(options: CircuitBreakerOptions): CircuitBreaker {
  const { pauseMs, failuresMax, onChange } = options;
  let failures = 0;
  let pausedSince: number | undefined;
  let trying = false;

  return {
    enter() {
      if (pausedSince === undefined) return true;
      if (trying || performance.now() - pausedSince < pauseMs) return false;
      trying = true;
      return true;
    },
    succeeded() {
      failures = 0;
      trying = false;
      if (pausedSince === undefined) return;
      pausedSince = undefined;
      onChange(undefined);
    },
    failed(error, severity) {
      failures += severity === 'server' ? failuresMax : 1;
      trying = false;
      if (failures < failuresMax) return;
      if (pausedSince === undefined) onChange({ error });
      pausedSince = performance.now();
    },
  };
}
