import { setTimeout as pause } from 'node:timers/promises';
import type { ErrorDialect } from '../sql/dialect.ts';

/** With the pauses between them this spans up to 0.75 s, long enough for a server to restart. */
const connectionsTriedMax = 5;
const firstPauseMs = 50;

/**
 * Retries work whose connection failed: the next connection may reach the new primary or the restarted server. Only for
 * work that has stored nothing when its connection fails; a COMMIT without an answer is a `CommitUncertain` instead.
 * @param deadline on the monotonic clock. Without one there is no retry.
 */
export async function retryOnConnectionError<Result>(
  work: () => Promise<Result>,
  { isConnectionError }: ErrorDialect,
  deadline: number,
): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      // Exponential backoff with jitter.
      const pauseMs = firstPauseMs * 2 ** (attempt - 1) * (0.5 + Math.random() / 2);
      const isTooLate = deadline === Number.POSITIVE_INFINITY || performance.now() + pauseMs >= deadline;
      if (isTooLate || attempt >= connectionsTriedMax || !isConnectionError(error)) throw error;
      await pause(pauseMs);
    }
  }
}
