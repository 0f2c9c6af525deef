/** Identifies the caller from a credential. */
export interface Authenticator {
  /**
   * @param token the text after `Bearer ` in the header, never empty.
   * A refusal is returned, not thrown.
   */
  authenticate(token: string): Authentication | Promise<Authentication>;
}

export type Authentication = { readonly principal: Principal } | { readonly refusal: Refusal };

/** Why a credential is refused. */
export interface Refusal {
  readonly reason: RefusalReason;
  /** A sentence for the caller, without quotes because it is also sent in `WWW-Authenticate`. */
  readonly detail: string;
  /** The public id of the API key, if it exists. For the log. */
  readonly keyId?: string;
  /** The underlying error, for the log. */
  readonly cause?: unknown;
}

/** Every reason, as logs and metrics report it. */
export const refusalReasons = [
  // No credential, or none that can be read.
  ...(['missing', 'duplicated', 'malformed', 'unsupported'] as const),
  // API keys.
  ...(['key_mistyped', 'key_unknown', 'key_revoked', 'key_expired'] as const),
  // JWTs.
  ...(['token_malformed', 'token_signature', 'token_algorithm', 'token_key', 'token_type'] as const),
  ...(['token_claims', 'token_expired', 'token_not_yet_valid'] as const),
  // The keys could not be loaded for too long, so nothing can be verified.
  'unverifiable',
  // A valid credential without the required scope.
  'missing_scope',
  // A page of another site, or DNS rebinding.
  'untrusted_origin',
  ...(['rate_limited', 'failures_limited'] as const),
] as const;

export type RefusalReason = (typeof refusalReasons)[number];

/** The authenticated caller. Its name is recorded as the actor of every change it makes. */
export interface Principal {
  readonly name: string;
  /** Scopes of the contract, and {@link metricsScope}. */
  readonly scopes: ReadonlySet<string>;
  /** When the credential expires, in milliseconds since 1970; Infinity if never. */
  readonly expiresAtMs: number;
  /**
   * Whether the credential is neither expired nor, as far as this instance knows, revoked. Long responses such as
   * streams ask repeatedly and end when this turns false.
   */
  isCurrent(): boolean;
}

/** The scope for reading the metrics from another machine; no operation of the contract requires it. */
export const metricsScope = 'metrics:read';

/** The caller before authentication: no scopes. */
export const anonymous: Principal = {
  name: 'anonymous',
  scopes: new Set(),
  expiresAtMs: Number.POSITIVE_INFINITY,
  isCurrent: () => true,
};

/** The caller when authentication is off (`AUTH=off`): anonymous, with every scope. */
export function unrestricted(scopes: Iterable<string>): Principal {
  return { ...anonymous, scopes: new Set([...scopes, metricsScope]) };
}

const nameLengthMax = 255;

/** Actors in the change log that are not callers. */
const reservedNames = ['anonymous', 'retention', 'system'];

/** Whether a caller may have this name, which is stored with each change and logged. */
export function isPrincipalName(name: unknown): name is string {
  return (
    typeof name === 'string' &&
    name.length <= nameLengthMax &&
    /^[^\p{C}\p{Z}](?:[^\p{C}]*[^\p{C}\p{Z}])?$/u.test(name) &&
    !reservedNames.includes(name)
  );
}

/** A stored API key, without its secret. */
export interface ApiKey {
  /** The public part of the key, which is also logged. */
  readonly id: string;
  /** The actor recorded for changes made with the key. */
  readonly name: string;
  readonly scopes: readonly string[];
  /** SHA-256 of the whole key, in hex. */
  readonly hash: string;
  /** RFC 3339 in UTC, like the next two. */
  readonly createdAt: string;
  readonly expiresAt: string | null;
  readonly revokedAt: string | null;
}

/** Storage of API keys. Methods may reject with Failure `unavailable`. */
export interface ApiKeyStore {
  /** All keys, including revoked and expired ones, oldest first. */
  list(): Promise<readonly ApiKey[]>;
  /** A number that changes whenever any process changes any key. */
  revision(): Promise<string>;
  /** Stores a key. Resolves to false, without storing, if an active key has the same name. */
  create(key: ApiKey): Promise<boolean>;
  /** Revokes a key. Resolves to the key as it was before, or undefined if the id is unknown. */
  revoke(id: string, at: string): Promise<ApiKey | undefined>;
  /**
   * Stores the successor of a key and lets the key expire at `endsAt` at the latest. Resolves to false, without
   * storing, if the key does not exist or is no longer active.
   */
  replace(id: string, successor: ApiKey, endsAt: string): Promise<boolean>;
}
