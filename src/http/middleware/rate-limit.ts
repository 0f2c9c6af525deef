import type { Request } from 'express';
import { anonymous, type Principal } from '../../domain/authentication.ts';
import { HttpFailure } from '../problem.ts';
import { clientKey, clientNetwork } from './client-address.ts';

export interface RateLimitOptions {
  /** Requests per minute and principal; 0 for no limit. */
  readonly rateLimitPerMinute: number;
  /** Requests without a valid credential, per minute and address; 0 for no limit. */
  readonly failedLoginsPerMinute: number;
}

/** Response headers of draft-ietf-httpapi-ratelimit-headers-11. */
export interface RateLimitHeaders {
  readonly RateLimit: string;
  readonly 'RateLimit-Policy': string;
}

/** The rate limits of this process. Each instance counts for itself. */
export interface RateLimits {
  /** @throws HttpFailure `rate_limited` if the principal exceeds its limit. */
  countRequest(request: Request, principal: Principal): void;
  /**
   * Counts a request without a valid credential. Valid credentials are never refused because of their address:
   * others behind the same address could lock them out.
   * @throws HttpFailure `rate_limited` if the address exceeds its limit.
   */
  countFailedLogin(request: Request): void;
}

export function createRateLimits(options: RateLimitOptions): RateLimits {
  const { rateLimitPerMinute, failedLoginsPerMinute } = options;
  const requests = rateLimitPerMinute > 0 ? createRateLimiter(rateLimitPerMinute) : undefined;
  const failures = failedLoginsPerMinute > 0 ? createRateLimiter(failedLoginsPerMinute) : undefined;

  return {
    countRequest(request, principal) {
      if (!requests) return;
      // Anonymous clients are distinguished by address. The prefix keeps names and addresses apart.
      const key = principal.name === anonymous.name ? clientKey(request) : `=${principal.name}`;
      const allowance = requests.take(key, performance.now());
      const headers = rateLimitHeaders('requests', requests, allowance);
      request.context.rateLimit = headers;
      if (allowance.allowed) return;
      const detail = `More than ${requests.limit} requests a minute. Try again after Retry-After.`;
      request.context.refusal = { reason: 'rate_limited', detail, network: clientNetwork(request) };
      throw rateLimited(detail, headers, allowance);
    },
    countFailedLogin(request) {
      const allowance = failures?.take(clientKey(request), performance.now());
      if (!failures || !allowance || allowance.allowed) return;
      const detail = 'Too many requests without a valid credential from this address.';
      request.context.refusal = { reason: 'failures_limited', detail, network: clientNetwork(request) };
      throw rateLimited(detail, rateLimitHeaders('failures', failures, allowance), allowance);
    },
  };
}

function rateLimitHeaders(
  policy: string,
  { limit, windowSeconds }: RateLimiter,
  { remaining, retryAfterSeconds }: Allowance,
): RateLimitHeaders {
  return {
    RateLimit: `"${policy}";r=${remaining};t=${retryAfterSeconds}`,
    'RateLimit-Policy': `"${policy}";q=${limit};w=${windowSeconds}`,
  };
}

function rateLimited(
  detail: string,
  headers: RateLimitHeaders,
  { retryAfterSeconds }: Allowance,
): HttpFailure {
  return new HttpFailure('rate_limited', detail, {
    headers: { ...headers, 'Retry-After': String(retryAfterSeconds) },
  });
}

const windowSeconds = 60;
const windowMs = windowSeconds * 1000;

/** Keys per generation; two generations are kept. */
export const clientsMax = 50_000;

export interface Allowance {
  readonly allowed: boolean;
  readonly remaining: number;
  /** Seconds until one more request is allowed; at least 1. */
  readonly retryAfterSeconds: number;
}

/** Allows up to `limit` requests per minute and key, in this process. */
export interface RateLimiter {
  readonly limit: number;
  readonly windowSeconds: number;
  /** The number of entries in memory. A key in both generations counts twice. */
  readonly size: number;
  /** Counts a request. `nowMs` is of a monotonic clock. */
  take(key: string, nowMs: number): Allowance;
}

/**
 * A token bucket per key by the generic cell rate algorithm: the only state is the time at which the bucket is full
 * again, at most a minute after its last use. A full bucket equals no bucket, so keys live in two generations, and
 * the older one is dropped as a whole after a minute, or sooner when a generation is full. See docs/adr/0018.
 */
export function createRateLimiter(limit: number): RateLimiter {
  const costMs = windowMs / limit;
  let current = new Map<string, number>();
  let previous = new Map<string, number>();
  let rotatedAt = 0;

  function rotate(nowMs: number): void {
    if (nowMs - rotatedAt < windowMs && current.size < clientsMax) return;
    previous = current;
    current = new Map();
    rotatedAt = nowMs;
  }

  return {
    limit,
    windowSeconds,
    get size() {
      return current.size + previous.size;
    },
    take(key, nowMs) {
      rotate(nowMs);
      const fullAt = Math.max(current.get(key) ?? previous.get(key) ?? 0, nowMs);
      const allowed = fullAt + costMs - nowMs <= windowMs + epsilon;
      const nextFullAt = allowed ? fullAt + costMs : fullAt;
      current.set(key, nextFullAt);
      const left = (windowMs - (nextFullAt - nowMs)) / costMs;
      const remaining = Math.max(0, Math.floor(left + epsilon));
      const waitMs = costMs * (remaining + 1 - left);
      return { allowed, remaining, retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1000)) };
    },
  };
}

/** Tolerance for sums of floating-point fractions. */
const epsilon = 1e-6;
