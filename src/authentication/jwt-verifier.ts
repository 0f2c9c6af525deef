import { hash } from 'node:crypto';
import { errors, type JWTPayload, type JWTVerifyResult, jwtVerify, type RemoteJWKSet } from 'jose';
import type { TokenConfig } from '../config/authentication.ts';
import {
  type Authentication,
  type Authenticator,
  isPrincipalName,
  type Principal,
  type RefusalReason,
} from '../domain/authentication.ts';
import type { Clock } from '../domain/clock.ts';
import { JwksUnavailable, openJwks } from './jwks.ts';

/** Dependencies of {@link openJwtVerifier}. */
export interface JwtVerifierOptions {
  readonly clock: Clock;
  /** Called with the error if the issuer's keys cannot be loaded at the start. */
  readonly onHealth: (part: 'key set', error: unknown) => void;
}

/**
 * Opens a verifier for JWTs. If the issuer cannot be reached, the service starts anyway and retries later.
 * @throws Error if the key set is a file that cannot be read.
 */
export async function openJwtVerifier(
  config: TokenConfig,
  { clock, onHealth }: JwtVerifierOptions,
): Promise<Authenticator> {
  const keySet = openJwks(config.keysUrl);
  try {
    await keySet.reload();
  } catch (error) {
    if (config.keysUrl.startsWith('file:')) throw error;
    onHealth('key set', error);
  }
  return createJwtVerifier(config, keySet, clock);
}

/** In characters; issuers' tokens are shorter. */
const tokenLengthMax = 8192;

/** Compact serialization: three parts in base64url without padding (RFC 7515 section 7.1). */
const tokenPattern = /^[\w-]+\.[\w-]+\.[\w-]+$/;

/** Claims that every token must have. `nbf` is checked if present. */
const requiredClaims = ['iss', 'aud', 'sub', 'exp'];

/** Verifies JWTs (RFC 7519) of one issuer for one audience, following RFC 8725 and RFC 9068. */
export function createJwtVerifier(config: TokenConfig, keySet: RemoteJWKSet, clock: Clock): Authenticator {
  const { issuer, audience, types, leewaySeconds } = config;
  const cache = createTokenCache(clock);

  async function verify(token: string, name: string): Promise<Authentication> {
    try {
      const verified = await jwtVerify(token, keySet, {
        issuer,
        audience,
        algorithms: [...config.algorithms],
        requiredClaims,
        clockTolerance: leewaySeconds,
        currentDate: new Date(clock()),
      });
      const fault = faultOf(verified);
      if (fault) return refused(fault);
      const principal = principalOf(verified.payload);
      cache.add(name, principal);
      return { principal };
    } catch (error) {
      return refused(reasonOf(error), error);
    }
  }

  /** Checks that jose leaves to its caller. */
  function faultOf({ protectedHeader, payload }: JWTVerifyResult): RefusalReason | undefined {
    const { typ, crit } = protectedHeader;
    const type = typeof typ === 'string' ? typ.toLowerCase().replace(/^application\//, '') : '';
    if (!types.includes(type)) return 'token_type';
    // No critical extension is supported (RFC 7515 section 4.1.11).
    if (crit !== undefined) return 'token_malformed';
    if (!isPrincipalName(payload.sub)) return 'token_claims';
    return payload.scope === undefined || typeof payload.scope === 'string' ? undefined : 'token_claims';
  }

  function principalOf({ sub = '', exp = 0, scope = '' }: JWTPayload): Principal {
    const expiresAtMs = (exp + leewaySeconds) * 1000;
    return {
      name: sub,
      scopes: new Set(String(scope).split(' ').filter(Boolean)),
      expiresAtMs,
      isCurrent: () => clock() < expiresAtMs,
    };
  }

  return {
    authenticate(token) {
      if (token.length > tokenLengthMax || !tokenPattern.test(token)) return refused('token_malformed');
      const name = hash('sha256', token, 'base64');
      const principal = cache.find(name);
      return principal ? { principal } : verify(token, name);
    },
  };
}

const reasonsOfJose: Readonly<Record<string, RefusalReason>> = {
  [errors.JWTExpired.code]: 'token_expired',
  [errors.JWTClaimValidationFailed.code]: 'token_claims',
  [errors.JWSSignatureVerificationFailed.code]: 'token_signature',
  [errors.JOSEAlgNotAllowed.code]: 'token_algorithm',
  [errors.JWKSNoMatchingKey.code]: 'token_key',
  [errors.JWKSMultipleMatchingKeys.code]: 'token_key',
  [errors.JWKSTimeout.code]: 'unverifiable',
};

function reasonOf(error: unknown): RefusalReason {
  if (error instanceof errors.JWTClaimValidationFailed && error.claim === 'nbf') return 'token_not_yet_valid';
  if (error instanceof errors.JOSEError) return reasonsOfJose[error.code] ?? 'token_malformed';
  return error instanceof JwksUnavailable ? 'unverifiable' : 'token_malformed';
}

const details: Partial<Record<RefusalReason, string>> = {
  token_malformed: 'The token cannot be read.',
  token_signature: 'The signature of the token is wrong.',
  token_algorithm: 'The token is not signed by an algorithm that is taken.',
  token_key: 'The token is signed with a key that the issuer does not have.',
  token_type: 'The token is not of a type that is taken.',
  token_claims: 'The token is not for this service, or lacks a claim.',
  token_expired: 'The token has expired.',
  token_not_yet_valid: 'The token is not valid yet.',
  unverifiable: 'Credentials cannot be checked just now.',
};

function refused(reason: RefusalReason, error?: unknown): Authentication {
  const cause = reason === 'unverifiable' ? { cause: error } : {};
  return { refusal: { reason, detail: details[reason] ?? '', ...cause } };
}

/** How long a verified token is accepted without checking its signature again. */
const trustMs = 60_000;
const tokensMax = 10_000;

/** Recently verified tokens by their hash, because verifying a signature is expensive. */
export interface TokenCache {
  find(name: string): Principal | undefined;
  add(name: string, principal: Principal): void;
}

/** Creates a cache of at most 10,000 tokens. */
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
      // Dropping the whole cache only costs verifying each token once more.
      if (tokens.size >= tokensMax) tokens.clear();
      tokens.set(name, { principal, verifiedAt: performance.now() });
    },
  };
}
