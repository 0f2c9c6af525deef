import { CustomersConnectionError, CustomersProblem } from './problem.ts';

/** A longer `Retry-After` is thrown to the caller instead of waited for. */
const retryAfterMaxMs = 60_000;
const backoffBaseMs = 250;
const backoffMaxMs = 8_000;

const transientStatuses = [408, 500, 502, 503, 504];

/** The attempts so far, and what limits further ones. */
export interface Attempted {
  readonly attempts: number;
  readonly retriesMax: number;
  /** Whether sending it twice has the effect of sending it once. */
  readonly isRepeatable: boolean;
  /** Whether its body can be read twice. */
  readonly isReplayable: boolean;
}

/** How long to wait before the next attempt; undefined if the failure is final. */
export function retryDelayMs(failure: unknown, attempted: Attempted): number | undefined {
  const { attempts, retriesMax, isReplayable } = attempted;
  if (attempts > retriesMax || !isReplayable || !isTransient(failure, attempted.isRepeatable))
    return undefined;
  const jitterMs = backoffMs(attempts);
  if (!(failure instanceof CustomersProblem) || failure.retryAfter === undefined) return jitterMs;
  const retryAfterMs = failure.retryAfter * 1000;
  // Jitter on top, so that clients refused together do not return together.
  return retryAfterMs > retryAfterMaxMs ? undefined : retryAfterMs + jitterMs;
}

/** Exponential backoff with full jitter. */
function backoffMs(attempts: number): number {
  return Math.random() * Math.min(backoffMaxMs, backoffBaseMs * 2 ** (attempts - 1));
}

function isTransient(failure: unknown, isRepeatable: boolean): boolean {
  if (failure instanceof CustomersConnectionError) return isRepeatable;
  if (!(failure instanceof CustomersProblem)) return false;
  const { status, code } = failure;
  // Refused before any work was done, so every request can be repeated.
  if (status === 429) return true;
  // The same search would take as long again.
  if (code === 'search_too_broad') return false;
  return isRepeatable && (transientStatuses.includes(status) || code === 'idempotency_key_in_use');
}

/**
 * Whether a request can be repeated when its outcome is unknown: it only reads, has an `Idempotency-Key`, or names
 * the version it applies to, so that only one of two attempts can take effect.
 */
export function isRepeatable(method: string, headers: Headers): boolean {
  if (method === 'GET' || method === 'HEAD' || headers.has('idempotency-key')) return true;
  return method !== 'POST' && (headers.has('if-match') || headers.has('if-none-match'));
}
