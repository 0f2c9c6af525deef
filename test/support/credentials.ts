import { type MintedKey, mintKey } from '../../src/authentication/api-key.ts';
import { requiredScopes } from '../../src/contract/operations.ts';
import type { ApiKey } from '../../src/domain/authentication.ts';
import { createApiKeyStore } from '../../src/storage/api-keys.ts';
import { openDirectly } from '../storage/direct-engine.ts';
import type { Cleanup } from './cleanup.ts';

/** Every scope that an operation requires. */
export const allScopes = [...requiredScopes];

/** Stores API keys in a service's database, as the command does from another process. */
export function keyMaker(cleanup: Cleanup, databaseUrl: string) {
  const store = createApiKeyStore(openDirectly(cleanup, databaseUrl));
  let count = 0;
  return {
    store,
    async create(scopes: readonly string[], changes: Partial<ApiKey> = {}): Promise<MintedKey> {
      const key = mintKey();
      const at = new Date().toISOString();
      const dates = { createdAt: at, expiresAt: null, revokedAt: null };
      const name = `test-${++count}`;
      if (!(await store.create({ id: key.id, hash: key.hash, name, scopes, ...dates, ...changes }))) {
        throw new Error(`There already is a key named ${changes.name}.`);
      }
      return key;
    },
  };
}

export const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });

/** Waits until a condition holds and returns how long it took; rejects after a timeout. */
export async function until(
  holds: () => Promise<boolean>,
  timeoutMs: number,
  intervalMs = 25,
): Promise<number> {
  const start = performance.now();
  while (!(await holds())) {
    if (performance.now() - start > timeoutMs) throw new Error(`Timed out after ${timeoutMs} ms.`);
    await new Promise((resolve) => setTimeout(resolve, intervalMs));
  }
  return performance.now() - start;
}
