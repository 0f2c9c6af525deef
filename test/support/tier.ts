import type { Tier } from '../../scripts/test/tier.ts';
import { randomFrom } from './random.ts';

/** How much this run tests; everything but hours of it when a file is run by itself. */
export const tier = (process.env.TEST_TIER ?? 'full') as Tier;

/** The value for the tier of this run; `full` where a tier has none of its own. */
export function byTier<Value>(values: {
  readonly quick?: Value;
  readonly full: Value;
  readonly soak?: Value;
}): Value {
  return values[tier] ?? values.full;
}

/** Each item of a list, or before a push a random one in `oneIn`, the first always among them. */
export function sampled<Item>(items: readonly Item[], oneIn: number, label: string): readonly Item[] {
  if (tier !== 'quick') return items;
  const random = randomFrom(`sample of ${label}`);
  return items.filter((_, index) => index === 0 || random.next() < 1 / oneIn);
}
