import type { Principal } from './principal.ts';

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
