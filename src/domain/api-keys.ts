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
