import { createHmac, hkdfSync, randomBytes } from 'node:crypto';
import type { Engine } from './engine/engine.ts';

const secretBytes = 32;

/**
 * The keys that seal cursors and hash idempotency keys. They derive from one secret in the database, so
 * that every instance, and the database moved elsewhere, understands what another one issued.
 */
export interface Secrets {
  readonly cursorKey: Buffer;
  readonly idempotencyKey: Buffer;
}

/** Reads the database's secret, making it on the first start. */
export async function loadSecrets(engine: Engine): Promise<Secrets> {
  const value = await engine.transaction(async (session) => {
    await session.run(`INSERT INTO secrets (name, value) VALUES ('master', ?) ON CONFLICT DO NOTHING`, [
      randomBytes(secretBytes).toString('hex'),
    ]);
    const [row] = await session.run<{ value: string }>(`SELECT value FROM secrets WHERE name = 'master'`, []);
    if (!row) throw new Error('The table secrets does not keep its row.');
    return row.value;
  });
  const derive = (purpose: string) =>
    Buffer.from(hkdfSync('sha256', Buffer.from(value, 'hex'), '', purpose, secretBytes));
  return { cursorKey: derive('cursor'), idempotencyKey: derive('idempotency') };
}

/** HMAC-SHA-256 over parts, each preceded by its length, so that no two lists of parts hash alike. */
export function keyedHash(key: Buffer, parts: readonly (string | Uint8Array)[]): Buffer {
  const hmac = createHmac('sha256', key);
  for (const part of parts) {
    const bytes = typeof part === 'string' ? Buffer.from(part) : part;
    hmac.update(`${bytes.byteLength}:`);
    hmac.update(bytes);
  }
  return hmac.digest();
}
