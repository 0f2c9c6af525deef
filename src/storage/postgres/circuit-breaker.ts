/** Stops calls to a server for a while after it has failed, so that not every call waits for its timeout. */
export interface CircuitBreaker {
  /**
   * Whether a call may be made; the caller must then report its outcome. When the pause is over, a single call may try
   * the server.
   */
  enter(): boolean;
  succeeded(): void;
  failed(error: unknown, severity: FailureSeverity): void;
}

/** `call`: the statement may be to blame, so only several failures in a row open the breaker. `server` opens it at once. */
export type FailureSeverity = 'call' | 'server';

export interface CircuitBreakerOptions {
  /** How long the breaker stays open. */
  readonly pauseMs: number;
  /** How many calls in a row must fail to open the breaker. */
  readonly failuresMax: number;
  /** Called with the error when the breaker opens, and with undefined when it closes. */
  readonly onChange: (reason: { readonly error: unknown } | undefined) => void;
}

export function createCircuitBreaker(options: CircuitBreakerOptions): CircuitBreaker {
  const { pauseMs, failuresMax, onChange } = options;
  let failures = 0;
  let openedAt: number | undefined;
  let isTrying = false;

  return {
    enter() {
      if (openedAt === undefined) return true;
      if (isTrying || performance.now() - openedAt < pauseMs) return false;
      isTrying = true;
      return true;
    },
    succeeded() {
      failures = 0;
      isTrying = false;
      if (openedAt === undefined) return;
      openedAt = undefined;
      onChange(undefined);
    },
    failed(error, severity) {
      failures += severity === 'server' ? failuresMax : 1;
      isTrying = false;
      if (failures < failuresMax) return;
      if (openedAt === undefined) onChange({ error });
      openedAt = performance.now();
    },
  };
}
