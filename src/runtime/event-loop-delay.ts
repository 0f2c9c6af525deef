/** A continuous measurement of the event loop's delay. */
export interface EventLoopDelay {
  /** The smallest delay among the latest samples. */
  readonly delayMs: number;
  stop(): void;
}

const intervalMs = 50;
/** A single long pause, such as a garbage collection, is not overload; several in a row are. */
const samplesCount = 3;

/**
 * Measures the delay with a timer. The minimum of several samples distinguishes a standing queue from a burst, the idea
 * of CoDel (RFC 8289 section 3.1). The histogram of `perf_hooks` keeps a single long pause until it is reset.
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
