/** How late the event loop is, all the time. */
export interface EventLoopDelay {
  /** By how much each of the last timers was late at least, in milliseconds. */
  readonly delayMs: number;
  stop(): void;
}

const intervalMs = 50;
/** One long pause, as of a garbage collection, is no overload: several on end are. */
const samplesCount = 3;

/**
 * Measures by a timer how long whatever is ready has to wait for its turn. The least of several on end tells a
 * standing delay from a passing one, which is the idea of CoDel (RFC 8289, section 3.1). What `perf_hooks` offers is
 * a histogram in which a long pause, once seen, stays until it is reset.
 */
export function watchEventLoop(): EventLoopDelay {
  const latest: number[] = new Array(samplesCount).fill(0);
  let due = performance.now() + intervalMs;
  let timer = setTimeout(sample, intervalMs).unref();

  function sample(): void {
    const now = performance.now();
    latest.shift();
    latest.push(Math.max(0, now - due));
    due = now + intervalMs;
    timer = setTimeout(sample, intervalMs).unref();
  }

  return {
    get delayMs() {
      return Math.min(...latest);
    },
    stop: () => clearTimeout(timer),
  };
}
