/**
 * The rate limiter alone, on a clock of the test's own.
 *
 * Planted, and each failed: no second generation, no bound.
 */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { clientsMax, createRateLimiter } from '../../../src/http/middleware/rate-limit.ts';
import { randomFrom } from '../../support/random.ts';

suite('rate limiter', () => {
  test('allows exactly the limit at once, and then as many as the bucket refills', () => {
    for (const limit of [1, 2, 7, 60, 599, 6000, 1_000_000]) {
      const limiter = createRateLimiter(limit);
      const start = 123_456.789;
      for (let count = 1; count <= limit; count++) {
        const { allowed, remaining } = limiter.take('a', start);
        if (!allowed || remaining !== limit - count) assert.fail(`${limit}: ${count} left ${remaining}`);
      }
      const refused = limiter.take('a', start);
      assert.deepEqual([refused.allowed, refused.remaining], [false, 0]);
      assert.equal(refused.retryAfterSeconds, Math.max(1, Math.ceil(60 / limit)), `${limit}`);
      assert.equal(limiter.take('a', start + (60_000 / limit) * 0.99).allowed, false, 'slightly too early');
      assert.equal(limiter.take('a', start + (60_000 / limit) * 1.01).allowed, true);
      assert.equal(limiter.take('b', start).allowed, true, 'another caller');
      assert.equal(limiter.take('a', start + 200_000).remaining, limit - 1, 'full again');
    }
  });

  test('never allows more than twice the limit in any minute', (context) => {
    const random = randomFrom('rate limiter');
    const limit = 50;
    const limiter = createRateLimiter(limit);
    const allowedAt: number[] = [];
    let now = 1000;
    for (let count = 0; count < 20_000; count++) {
      now += random.next() < 0.01 ? random.integer(0, 90_000) : random.integer(0, 300);
      if (limiter.take('a', now).allowed) allowedAt.push(now);
    }
    // A full bucket plus what refills during the minute.
    let most = 0;
    for (const [index, from] of allowedAt.entries()) {
      const within = allowedAt.slice(index).findIndex((at) => at - from > 60_000);
      if (within > 0) most = Math.max(most, within);
    }
    context.diagnostic(`seed ${random.seed}: at most ${most} of ${limit} in a minute`);
    assert.ok(most > limit / 2 && most <= 2 * limit);
  });

  test('keeps few of a million clients, forgets none that is near its limit, and stays fast', (context) => {
    const limiter = createRateLimiter(10);
    setFlagsFromString('--expose-gc');
    const collectGarbage = runInNewContext('gc') as () => void;
    const heapMb = () => {
      collectGarbage();
      return process.memoryUsage().heapUsed / 2 ** 20;
    };
    const before = heapMb();
    let size = 0;
    const start = performance.now();
    for (let count = 0; count < 1_000_000; count++) {
      limiter.take(
        `2001:db8:${(count >> 16).toString(16)}:${(count & 0xffff).toString(16)}::/64`,
        count / 100,
      );
      size = Math.max(size, limiter.size);
    }
    const nanoseconds = Math.round(performance.now() - start);
    const grownMb = heapMb() - before;
    // Still referenced, so that the limiter itself is not garbage-collected.
    assert.ok(limiter.size > 0);
    context.diagnostic(
      `1,000,000 clients in 10 s: at most ${size} kept, heap +${grownMb.toFixed(1)} MB, ${nanoseconds} ns each`,
    );
    assert.ok(size <= 2 * clientsMax);
    assert.ok(grownMb < 40, `${grownMb} MB`);
  });

  test('an active client is not forgotten when a generation is rotated', () => {
    const limiter = createRateLimiter(10);
    let allowed = 0;
    for (let second = 0; second < 600; second++)
      if (limiter.take('busy', second * 1000).allowed) allowed += 1;
    // Ten at once and then one every six seconds.
    assert.ok(allowed >= 109 && allowed <= 111, `${allowed}`);
    assert.equal(limiter.size <= 2, true);
  });
});
