/** Tells whose a credential is. */
export interface Authenticator {
  /**
   * @param token what follows `Bearer ` in the header, never empty.
   * Resolves or returns at once; a refusal is an answer, not an error.
   */
  authenticate(token: string): Authentication | Promise<Authentication>;
}

export type Authentication = { readonly principal: Principal } | { readonly refusal: Refusal };

/** Why a credential is not taken. */
export interface Refusal {
  readonly reason: RefusalReason;
  /** For the caller: a sentence without quotes, for it also stands in a header. */
  readonly detail: string;
  /** The public part of an API key, if it is one that exists: for the log. */
  readonly keyId?: string;
  /** What went wrong underneath, for the log. */
  readonly cause?: unknown;
}

/** A closed list: logs and metrics name refusals by it. */
export const refusalReasons = [
  // No credential, or none that can be read.
  ...(['missing', 'duplicated', 'malformed', 'unsupported'] as const),
  // API keys.
  ...(['key_mistyped', 'key_unknown', 'key_revoked', 'key_expired'] as const),
  // JWTs.
  ...(['token_malformed', 'token_signature', 'token_algorithm', 'token_key', 'token_type'] as const),
  ...(['token_claims', 'token_expired', 'token_not_yet_valid'] as const),
  // Whether it is good cannot be found out now: keys or key set were not to be had for too long.
  'unverifiable',
  // Good, and not enough.
  'missing_scope',
  // A page of another site, or a name that was made to point here.
  'untrusted_origin',
  // Too many.
  ...(['rate_limited', 'failures_limited'] as const),
] as const;

export type RefusalReason = (typeof refusalReasons)[number];

/** Who makes a request. Its name becomes the actor of every change that the request makes. */
export interface Principal {
  readonly name: string;
  /** What it may do: scopes of the contract, and {@link metricsScope}. */
  readonly scopes: ReadonlySet<string>;
  /** When its credential ends by itself, as milliseconds since 1970; Infinity for one that does not. */
  readonly expiresAtMs: number;
  /**
   * Whether its credential still holds: not expired, and not revoked as far as is known by now. A reply that goes
   * on for long, such as a stream, asks again and ends when it does not.
   */
  isCurrent(): boolean;
}

/** The scope for what no operation of the contract is: the metrics, from another machine. */
export const metricsScope = 'metrics:read';

/** A caller of whom nothing is known yet. It may do nothing. */
export const anonymous: Principal = {
  name: 'anonymous',
  scopes: new Set(),
  expiresAtMs: Number.POSITIVE_INFINITY,
  isCurrent: () => true,
};

/** The caller of a service whose authentication is switched off (`AUTH=off`): nobody known, who may do all. */
export function unrestricted(scopes: Iterable<string>): Principal {
  return { ...anonymous, scopes: new Set([...scopes, metricsScope]) };
}

const nameLengthMax = 255;

/** Actors of the change log that are no caller. */
const reservedNames = ['anonymous', 'retention', 'system'];

/** Whether a caller may have this name: it is stored with each change and stands in log lines. */
export function isPrincipalName(name: unknown): name is string {
  return (
    typeof name === 'string' &&
    name.length <= nameLengthMax &&
    /^[^\p{C}\p{Z}](?:[^\p{C}]*[^\p{C}\p{Z}])?$/u.test(name) &&
    !reservedNames.includes(name)
  );
}

/** An API key as it is kept: its secret is not among it. */
export interface ApiKey {
  /** The public part of the key, which also stands in logs. */
  readonly id: string;
  /** The actor of what is done with it. */
  readonly name: string;
  readonly scopes: readonly string[];
  /** SHA-256 of the whole key, in hex. */
  readonly hash: string;
  /** RFC 3339 UTC, as the next two are. */
  readonly createdAt: string;
  readonly expiresAt: string | null;
  readonly revokedAt: string | null;
}

/** The API keys as they are stored. Promises may reject with Failure `unavailable`. */
export interface ApiKeyStore {
  /** All keys, also those that have ended, the oldest first. */
  list(): Promise<readonly ApiKey[]>;
  /** Another number for each change of any key, by whichever process. */
  revision(): Promise<string>;
  /** Resolves to false, and stores nothing, when a key that has not ended has the name already. */
  create(key: ApiKey): Promise<boolean>;
  /** Ends a key now. Resolves to what it was before; to undefined for an id that no key has. */
  revoke(id: string, at: string): Promise<ApiKey | undefined>;
  /**
   * Stores the successor of a key, which then ends at `endsAt`, or earlier if it was to. Resolves to false, and
   * stores nothing, when there is no such key or it has ended.
   */
  replace(id: string, successor: ApiKey, endsAt: string): Promise<boolean>;
}
