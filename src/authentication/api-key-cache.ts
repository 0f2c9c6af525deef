import { timingSafeEqual } from 'node:crypto';
import type {
  ApiKey,
  ApiKeyStore,
  Authentication,
  Authenticator,
  Principal,
  RefusalReason,
} from '../domain/authentication.ts';
import type { Clock } from '../domain/clock.ts';
import { hashKey, keyId } from './api-key.ts';

/** Changes are polled at less than half of the second within which a revocation must take effect. */
const refreshIntervalMs = 400;

/** How long cached keys stay valid while the database cannot be read. */
export const keyTrustMs = 60_000;

/** Options of {@link openApiKeyCache}. */
export interface ApiKeyCacheOptions {
  readonly clock: Clock;
  readonly keyTrustMs: number;
  /** Called with the error when refreshing starts to fail, and with undefined when it works again. */
  readonly onHealth: (error: unknown) => void;
}

/** API keys held in memory, so that requests need no query. */
export interface ApiKeyCache extends Authenticator {
  /** Stops refreshing. */
  stop(): Promise<void>;
}

interface Entry {
  readonly key: ApiKey;
  readonly hash: Buffer;
  readonly principal: Principal;
}

/**
 * Loads the API keys and keeps them current: polls a revision counter and reloads the keys when it changes. If polling fails
 * for `keyTrustMs`, every key is refused.
 */
export async function openApiKeyCache(store: ApiKeyStore, options: ApiKeyCacheOptions): Promise<ApiKeyCache> {
  const { clock, keyTrustMs, onHealth } = options;
  let entries: ReadonlyMap<string, Entry> = new Map();
  let revision: string | undefined;
  /** When the keys were last known to be current, on the monotonic clock. */
  let currentAt = performance.now();
  let failing = false;
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let refreshing: Promise<void> = Promise.resolve();

  async function refresh(): Promise<void> {
    const startedAt = performance.now();
    // Read the counter first, so that a change between the two reads causes another reload.
    const latest = await store.revision();
    if (latest !== revision) {
      const keys = await store.list();
      entries = new Map(keys.map((key) => [key.id, entryOf(key)]));
      revision = latest;
    }
    currentAt = startedAt;
  }

  function refreshLater(): void {
    if (stopped) return;
    timer = setTimeout(() => {
      refreshing = refreshAndReport().then(refreshLater);
    }, refreshIntervalMs).unref();
  }

  async function refreshAndReport(): Promise<void> {
    try {
      await refresh();
      if (failing) onHealth(undefined);
      failing = false;
    } catch (error) {
      if (!failing) onHealth(error);
      failing = true;
    }
  }

  function entryOf(key: ApiKey): Entry {
    const { id, name, scopes, expiresAt } = key;
    const expiresAtMs = expiresAt === null ? Number.POSITIVE_INFINITY : Date.parse(expiresAt);
    const hash = Buffer.from(key.hash, 'hex');
    const principal = {
      name,
      scopes: new Set(scopes),
      expiresAtMs,
      isCurrent: () => {
        const latest = entries.get(id);
        return latest !== undefined && faultOf(latest) === undefined;
      },
    };
    return { key, hash, principal };
  }

  function faultOf({ key, principal }: Entry): RefusalReason | undefined {
    if (performance.now() - currentAt > keyTrustMs) return 'unverifiable';
    if (key.revokedAt !== null) return 'key_revoked';
    return principal.expiresAtMs <= clock() ? 'key_expired' : undefined;
  }

  function authenticate(token: string): Authentication {
    const id = keyId(token);
    if (id === undefined) return refused('key_mistyped');
    if (performance.now() - currentAt > keyTrustMs) return refused('unverifiable');
    const entry = entries.get(id);
    if (!entry || !timingSafeEqual(hashKey(token), entry.hash)) return refused('key_unknown');
    const fault = faultOf(entry);
    return fault ? refused(fault, id) : { principal: entry.principal };
  }

  await refresh();
  refreshLater();
  return {
    authenticate,
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await refreshing;
    },
  };
}

const details: Partial<Record<RefusalReason, string>> = {
  key_mistyped: 'This is no API key: it is mistyped or cut short.',
  key_unknown: 'This API key does not exist.',
  key_revoked: 'The API key has been revoked.',
  key_expired: 'The API key has expired.',
  unverifiable: 'Credentials cannot be checked just now.',
};

function refused(reason: RefusalReason, id?: string): Authentication {
  return { refusal: { reason, detail: details[reason] ?? '', ...(id && { keyId: id }) } };
}
