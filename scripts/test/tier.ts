/** How much is tested: before a push, in CI, or for hours. */
export const tiers = ['quick', 'full', 'soak'] as const;

export type Tier = (typeof tiers)[number];

export function isTier(name: string): name is Tier {
  return tiers.some((tier) => tier === name);
}
