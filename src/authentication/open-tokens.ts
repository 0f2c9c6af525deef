import type { TokenConfig } from '../config/authentication.ts';
import type { Authenticator } from '../domain/authentication.ts';
import type { Clock } from '../domain/sources.ts';
import { openKeySet } from './key-set.ts';
import { createTokenAuthenticator } from './tokens.ts';

export interface OpenTokensOptions {
  readonly clock: Clock;
  /** Told when the issuer's keys cannot be had. */
  readonly onHealth: (part: 'key set', error: unknown) => void;
}

/** An issuer that cannot be reached may come back, and keys must go on meanwhile; a file is there or is not. */
export async function openTokens(
  config: TokenConfig,
  { clock, onHealth }: OpenTokensOptions,
): Promise<Authenticator> {
  const keySet = openKeySet(config.keysUrl);
  try {
    await keySet.reload();
  } catch (error) {
    if (config.keysUrl.startsWith('file:')) throw error;
    onHealth('key set', error);
  }
  return createTokenAuthenticator(config, keySet, clock);
}
