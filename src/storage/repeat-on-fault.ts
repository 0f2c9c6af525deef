import { setTimeout as pause } from 'node:timers/promises';
import type { ErrorDialect } from './error-dialect.ts';

/** Together they wait up to 0.75 s: longer than a server takes to restart, and not so long that callers pile up. */
const connectionsTriedMax = 5;
const firstPauseMs = 50;

/**
 * Repeats work whose connection was at fault: the next one may reach the new primary, or the server come back. Only
 * for work of which nothing is stored then. A COMMIT without an answer is no such fault: see `CommitUncertain`.
 * @param deadline on the monotonic clock; without one nothing is repeated.
 */
export async function repeatOnFault<Result>(
  work: () => Promise<Result>,
  { isConnectionFault }: ErrorDialect,
  deadline: number,
): Promise<Result> {
  for (let tried = 1; ; tried++) {
    try {
      return await work();
    } catch (error) {
      // Spread, so that those who were thrown out together do not come back together.
      const pauseMs = firstPauseMs * 2 ** (tried - 1) * (0.5 + Math.random() / 2);
      const isHopeless = deadline === Number.POSITIVE_INFINITY || performance.now() + pauseMs >= deadline;
      if (isHopeless || tried >= connectionsTriedMax || !isConnectionFault(error)) throw error;
      await pause(pauseMs);
    }
  }
}
