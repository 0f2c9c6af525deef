import type { AuthenticationConfig } from '../config/authentication.ts';
import type { ApiKeyStore, Authentication, Authenticator } from '../domain/authentication.ts';
import type { Clock } from '../domain/clock.ts';
import { keyPrefix } from './api-key.ts';
import { openApiKeyCache } from './api-key-cache.ts';

/** Dependencies of {@link openAuthenticator}. */
export interface AuthenticatorOptions {
  readonly keys: ApiKeyStore;
  readonly clock: Clock;
  readonly keyTrustMs: number;
  /** Called with the error when keys cannot be loaded, and with undefined when they can again. */
  readonly onHealth: (part: 'keys' | 'key set', error: unknown) => void;
}

/** An authenticator that refreshes keys in the background until it is stopped. */
export interface StoppableAuthenticator extends Authenticator {
  /** Stops refreshing keys. */
  stop(): Promise<void>;
}

/**
 * Opens an authenticator for the kinds of credentials that are configured: API keys, JWTs or both.
 * @throws Error if the API keys or a JWKS file cannot be read.
 */
export async function openAuthenticator(
  { keys, tokens }: Exclude<AuthenticationConfig, 'off'>,
  parts: AuthenticatorOptions,
): Promise<StoppableAuthenticator> {
  const { clock, keyTrustMs, onHealth } = parts;
  // Loaded only if configured: jose slows down the start.
  const tokenAuthenticator =
    tokens && (await (await import('./jwt-verifier.ts')).openJwtVerifier(tokens, parts));
  const options = { clock, keyTrustMs, onHealth: (error: unknown) => onHealth('keys', error) };
  const keyring = keys ? await openApiKeyCache(parts.keys, options) : undefined;
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
