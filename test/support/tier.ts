import type { Tier } from '../../scripts/test/tier.ts';
import { randomFrom } from './random.ts';

/** How much this run tests; a file run alone tests everything but the soak. */
export const tier = (process.env.TEST_TIER ?? 'full') as Tier;

/** The value for this run's tier; defaults to `full`. */
export function byTier<Value>(values: {
  readonly quick?: Value;
  readonly full: Value;
  readonly soak?: Value;
}): Value {
  return values[tier] ?? values.full;
}

/** All items; in the quick tier a random one in `oneIn`, always including the first. */
export function sampled<Item>(items: readonly Item[], oneIn: number, label: string): readonly Item[] {
  if (tier !== 'quick') return items;
  const random = randomFrom(`sample of ${label}`);
  return items.filter((_, index) => index === 0 || random.next() < 1 / oneIn);
}
