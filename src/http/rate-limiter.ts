const windowSeconds = 60;
const windowMs = windowSeconds * 1000;

/** Callers that a generation holds. Two are kept, and were measured at 15 MB. */
export const callersMax = 50_000;

/** What a caller has left. */
export interface Allowance {
  readonly allowed: boolean;
  readonly remaining: number;
  /** Until there is one more; a second at least. */
  readonly waitSeconds: number;
}

/** Counts what callers do, up to so many a minute each, in this process. */
export interface RateLimiter {
  readonly limit: number;
  readonly windowSeconds: number;
  /** How many callers are kept. */
  readonly size: number;
  /** Takes one from what the caller has left, if there is any. The time is on any clock that only goes on. */
  take(caller: string, nowMs: number): Allowance;
}

/**
 * A bucket for each caller that fills evenly (the generic cell rate algorithm): all that is kept of a caller is the
 * time at which its bucket will be full again. A full bucket is the same as none, and each is full a minute after
 * its last use. So callers are kept in two generations: a minute on, the older one has nothing that matters and
 * goes as a whole. Should too many come, it goes earlier, and who was only in there starts anew.
 */
export function createRateLimiter(limit: number): RateLimiter {
  const costMs = windowMs / limit;
  let current = new Map<string, number>();
  let previous = new Map<string, number>();
  let turnedAt = 0;

  function turn(nowMs: number): void {
    if (nowMs - turnedAt < windowMs && current.size < callersMax) return;
    previous = current;
    current = new Map();
    turnedAt = nowMs;
  }

  return {
    limit,
    windowSeconds,
    get size() {
      return current.size + previous.size;
    },
    take(caller, nowMs) {
      turn(nowMs);
      const fullAt = Math.max(current.get(caller) ?? previous.get(caller) ?? 0, nowMs);
      const allowed = fullAt + costMs - nowMs <= windowMs + roundingMs;
      const nextFullAt = allowed ? fullAt + costMs : fullAt;
      current.set(caller, nextFullAt);
      const left = (windowMs - (nextFullAt - nowMs)) / costMs;
      const remaining = Math.max(0, Math.floor(left + roundingMs));
      const waitMs = costMs * (remaining + 1 - left);
      return { allowed, remaining, waitSeconds: Math.max(1, Math.ceil(waitMs / 1000)) };
    },
  };
}

/** Sums of fractions come out a little over or under. */
const roundingMs = 1e-6;
