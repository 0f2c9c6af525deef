import type { Request } from 'express';
import { Failure } from '../domain/failures.ts';
import { anonymous, type Principal } from '../domain/principal.ts';
import { callerName, callerNetwork } from './caller-address.ts';
import { type Allowance, createRateLimiter, type RateLimiter } from './rate-limiter.ts';

export interface RateLimitOptions {
  /** Requests a minute for each principal; 0 for any number. */
  readonly rateLimitPerMinute: number;
  /** Requests without a valid credential a minute for each address; 0 for any number. */
  readonly failedLoginsPerMinute: number;
}

/** What a reply tells of a limit, as draft-ietf-httpapi-ratelimit-headers-11 writes it. */
export interface RateLimitHeaders {
  readonly RateLimit: string;
  readonly 'RateLimit-Policy': string;
}

/** The limits of this process. Others that serve the same database count for themselves. */
export interface RateLimits {
  /** @throws Failure `rate_limited` when the principal has made too many requests. */
  countRequest(request: Request, principal: Principal): void;
  /**
   * Counts a request without a valid credential. A valid one is never refused for what its neighbours behind the
   * same address do: there is nothing to guess, and it would let them lock others out.
   * @throws Failure `rate_limited` when there were too many from this address.
   */
  countFailure(request: Request): void;
}

export function createRateLimits(options: RateLimitOptions): RateLimits {
  const { rateLimitPerMinute, failedLoginsPerMinute } = options;
  const requests = rateLimitPerMinute > 0 ? createRateLimiter(rateLimitPerMinute) : undefined;
  const failures = failedLoginsPerMinute > 0 ? createRateLimiter(failedLoginsPerMinute) : undefined;

  return {
    countRequest(request, principal) {
      if (!requests) return;
      // Who is nobody is told apart by address.
      const caller = principal.name === anonymous.name ? callerName(request) : `=${principal.name}`;
      const allowance = requests.take(caller, performance.now());
      const headers = headersOf('requests', requests, allowance);
      request.context.rateLimit = headers;
      if (allowance.allowed) return;
      const detail = `More than ${requests.limit} requests a minute. Try again after Retry-After.`;
      request.context.refusal = { reason: 'rate_limited', detail, network: callerNetwork(request) };
      throw limited(detail, headers, allowance);
    },
    countFailure(request) {
      const allowance = failures?.take(callerName(request), performance.now());
      if (!failures || !allowance || allowance.allowed) return;
      const detail = 'Too many requests without a valid credential from this address.';
      request.context.refusal = { reason: 'failures_limited', detail, network: callerNetwork(request) };
      throw limited(detail, headersOf('failures', failures, allowance), allowance);
    },
  };
}

function headersOf(
  policy: string,
  { limit, windowSeconds }: RateLimiter,
  { remaining, waitSeconds }: Allowance,
): RateLimitHeaders {
  return {
    RateLimit: `"${policy}";r=${remaining};t=${waitSeconds}`,
    'RateLimit-Policy': `"${policy}";q=${limit};w=${windowSeconds}`,
  };
}

function limited(detail: string, headers: RateLimitHeaders, { waitSeconds }: Allowance): Failure {
  return new Failure('rate_limited', detail, {
    headers: { ...headers, 'Retry-After': String(waitSeconds) },
  });
}
