import type { TokenConfig } from '../config/authentication.ts';
import type { Authenticator } from '../domain/authentication.ts';
import type { CredentialParts } from './credentials.ts';
import { openKeySet } from './key-set.ts';
import { createTokenAuthenticator } from './tokens.ts';

/** An issuer that cannot be reached may come back, and keys must go on meanwhile; a file is there or is not. */
export async function openTokens(
  config: TokenConfig,
  { clock, onHealth }: CredentialParts,
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
