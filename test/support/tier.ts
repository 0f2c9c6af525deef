import type { Tier } from '../../scripts/test/tier.ts';

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
