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

/** How often a change of any key is looked for. Half of the second after which a revocation must hold. */
const refreshIntervalMs = 400;

/** How long keys are trusted that could not be looked at. */
export const keyTrustMs = 60_000;

export interface KeyringOptions {
  readonly clock: Clock;
  readonly keyTrustMs: number;
  /** Called once when looking begins to fail, and once when it works again. */
  readonly onHealth: (error: unknown) => void;
}

/** The API keys in memory: no request asks the database for one. */
export interface Keyring extends Authenticator {
  /** Resolves when the database is asked no more. */
  stop(): Promise<void>;
}

interface Entry {
  readonly key: ApiKey;
  readonly hash: Buffer;
  readonly principal: Principal;
}

/**
 * Reads the keys and keeps them current: a counter that every change moves is read several times a second, and the
 * keys again when it has moved. Should that fail for too long, all keys are refused rather than trusted.
 */
export async function openKeyring(store: ApiKeyStore, options: KeyringOptions): Promise<Keyring> {
  const { clock, keyTrustMs, onHealth } = options;
  let entries: ReadonlyMap<string, Entry> = new Map();
  let revision: string | undefined;
  /** On the monotonic clock: when the keys were last known to be current. */
  let currentAt = performance.now();
  let failing = false;
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let refreshing: Promise<void> = Promise.resolve();

  async function refresh(): Promise<void> {
    const startedAt = performance.now();
    // The counter first: a change between the two reads is then read again the next time.
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
      refreshing = refreshAndTell().then(refreshLater);
    }, refreshIntervalMs).unref();
  }

  async function refreshAndTell(): Promise<void> {
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
  key_unknown: 'There is no such API key.',
  key_revoked: 'The API key has been revoked.',
  key_expired: 'The API key has expired.',
  unverifiable: 'Credentials cannot be checked just now.',
};

function refused(reason: RefusalReason, id?: string): Authentication {
  return { refusal: { reason, detail: details[reason] ?? '', ...(id && { keyId: id }) } };
}
