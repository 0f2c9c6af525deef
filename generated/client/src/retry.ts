// Copied from scripts/client/runtime/retry.ts by `npm run generate`. Never edited here.

import { CustomersConnectionError, CustomersProblem } from './problem.ts';

/** The longest wait that a client takes upon itself; the caller of a call that has to wait longer should know. */
const retryAfterMaxMs = 60_000;
const backoffBaseMs = 250;
const backoffMaxMs = 8_000;

/** The service, or a gateway before it, could not answer just now. */
const passingStatuses = [408, 500, 502, 503, 504];

export interface Attempted {
  /** How often the request was sent. */
  readonly attempts: number;
  readonly retriesMax: number;
  /** Whether sending it again cannot do anything twice. */
  readonly isRepeatable: boolean;
  /** Whether its body can be sent again at all. */
  readonly isReplayable: boolean;
}

/** How long to wait before the next attempt; undefined when the failure is final. */
export function retryDelayMs(failure: unknown, attempted: Attempted): number | undefined {
  const { attempts, retriesMax, isReplayable } = attempted;
  if (attempts > retriesMax || !isReplayable || !isPassing(failure, attempted.isRepeatable)) return undefined;
  const jitterMs = backoffMs(attempts);
  if (!(failure instanceof CustomersProblem) || failure.retryAfter === undefined) return jitterMs;
  const retryAfterMs = failure.retryAfter * 1000;
  // Never earlier than told, and not all at the same moment.
  return retryAfterMs > retryAfterMaxMs ? undefined : retryAfterMs + jitterMs;
}

/** "Full jitter": anything up to a bound that doubles, so that clients that failed together do not come back together. */
export function backoffMs(attempts: number): number {
  return Math.random() * Math.min(backoffMaxMs, backoffBaseMs * 2 ** (attempts - 1));
}

function isPassing(failure: unknown, isRepeatable: boolean): boolean {
  if (failure instanceof CustomersConnectionError) return isRepeatable;
  if (!(failure instanceof CustomersProblem)) return false;
  const { status, code } = failure;
  // Refused before anything was done: any request may come again.
  if (status === 429) return true;
  // The same search would take as long again.
  if (code === 'search_too_broad') return false;
  return isRepeatable && (passingStatuses.includes(status) || code === 'idempotency_key_in_use');
}

/**
 * Whether a request can be sent again when nobody knows what became of it: it reads, it has a key by which the
 * service knows it again, or it names the version that it is for, so that only one of two can take effect.
 */
export function isRepeatable(method: string, headers: Headers): boolean {
  if (method === 'GET' || method === 'HEAD' || headers.has('idempotency-key')) return true;
  return method !== 'POST' && (headers.has('if-match') || headers.has('if-none-match'));
}
