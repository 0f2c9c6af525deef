import type { Principal } from '../domain/principal.ts';
import type { Clock } from '../domain/sources.ts';

/** How long a verified token is not verified again: what a withdrawn signing key may still do for. */
const trustMs = 60_000;
const tokensMax = 10_000;

/** Tokens that were verified a moment ago, by their hash: a signature costs as much as the rest of a read. */
export interface TokenCache {
  find(name: string): Principal | undefined;
  add(name: string, principal: Principal): void;
}

export function createTokenCache(clock: Clock): TokenCache {
  const tokens = new Map<string, { readonly principal: Principal; readonly verifiedAt: number }>();
  return {
    find(name) {
      const token = tokens.get(name);
      if (!token) return undefined;
      if (performance.now() - token.verifiedAt < trustMs && clock() < token.principal.expiresAtMs) {
        return token.principal;
      }
      tokens.delete(name);
      return undefined;
    },
    add(name, principal) {
      // So many in a minute are not expected. All that is lost is that each is verified once more.
      if (tokens.size >= tokensMax) tokens.clear();
      tokens.set(name, { principal, verifiedAt: performance.now() });
    },
  };
}
