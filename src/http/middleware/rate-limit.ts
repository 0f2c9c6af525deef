import { isIP } from 'node:net';
import type { Express, Request } from 'express';
import type { TrustedProxies } from '../../config/parsers.ts';
import { anonymous, type Principal } from '../../domain/authentication.ts';
import { Failure } from '../../domain/failures.ts';

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

/** Lets Express take the caller's address from X-Forwarded-For, as far as the proxies are ours. */
export function trustProxies(app: Express, proxies: TrustedProxies): void {
  app.set('trust proxy', typeof proxies === 'number' ? proxies : [...proxies]);
}

/** Where a request comes from. What a proxy passes on and is no address is not believed. */
function callerAddress(request: Request): string {
  const { ip = '', socket } = request;
  return plainAddress(isIP(ip) ? ip : (socket.remoteAddress ?? ''));
}

/** The name by which a caller's requests are counted: who has one IPv6 address has its whole /64. */
export function callerName(request: Request): string {
  const address = callerAddress(request);
  return isIP(address) === 6 ? `${firstGroups(address, 4)}/64` : address;
}

/** Where a request comes from, for the log: a network, which is no person. */
export function callerNetwork(request: Request): string {
  const address = callerAddress(request);
  if (isIP(address) === 6) return `${firstGroups(address, 3)}/48`;
  return `${address.replace(/\.\d+$/, '.0')}/24`;
}

/** An IPv4 address on a socket that takes both kinds is written as IPv6. */
function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '');
}

/** The first 16-bit groups of an IPv6 address, written out. */
function firstGroups(address: string, count: number): string {
  const [head = '', tail] = address.replace(/%.*$/, '').toLowerCase().split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail ? tail.split(':') : [];
  const zeros = Array<string>(tail === undefined ? 0 : Math.max(0, 8 - before.length - after.length)).fill(
    '0',
  );
  const groups = [...before, ...zeros, ...after].slice(0, count);
  return `${groups.map((group) => group.replace(/^0+(?=.)/, '')).join(':')}::`;
}
