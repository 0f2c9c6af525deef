import type { AuthenticationConfig } from '../config/authentication.ts';
import type { ApiKeyStore, Authentication, Authenticator } from '../domain/authentication.ts';
import type { Clock } from '../domain/clock.ts';
import { keyPrefix } from './api-key.ts';
import { openKeyring } from './api-key-cache.ts';

export interface CredentialParts {
  readonly keys: ApiKeyStore;
  readonly clock: Clock;
  readonly keyTrustMs: number;
  /** Told when something that credentials are checked with cannot be had, and when it can again. */
  readonly onHealth: (part: 'keys' | 'key set', error: unknown) => void;
}

/** Whatever credentials the settings allow, behind one door. */
export interface Credentials extends Authenticator {
  /** Resolves when nothing is asked for keys any more. */
  stop(): Promise<void>;
}

/** @throws when the API keys, or a key set in a file, cannot be read. */
export async function openCredentials(
  { keys, tokens }: Exclude<AuthenticationConfig, 'off'>,
  parts: CredentialParts,
): Promise<Credentials> {
  const { clock, keyTrustMs, onHealth } = parts;
  // Loaded where it is needed: the library for tokens takes 25 ms of the start.
  const tokenAuthenticator = tokens && (await (await import('./jwt-verifier.ts')).openTokens(tokens, parts));
  const options = { clock, keyTrustMs, onHealth: (error: unknown) => onHealth('keys', error) };
  const keyring = keys ? await openKeyring(parts.keys, options) : undefined;
  return {
    authenticate(token) {
      const taker = token.startsWith(keyPrefix) ? keyring : tokenAuthenticator;
      return taker?.authenticate(token) ?? unsupported;
    },
    async stop() {
      await keyring?.stop();
    },
  };
}

const unsupported: Authentication = {
  refusal: { reason: 'unsupported', detail: 'Credentials of this kind are not taken.' },
};
