import { createHmac, hkdfSync, randomBytes } from 'node:crypto';
import type { Engine } from './engine/engine.ts';
import { run, sql } from './sql/sql.ts';

const secretBytes = 32;

/**
 * The keys that encrypt cursors and hash Idempotency-Keys. They derive from one secret in the database, so that every
 * instance understands what another one issued, also after the database has moved.
 */
export interface Secrets {
  readonly cursorKey: Buffer;
  readonly idempotencyKey: Buffer;
}

/** Reads the database's secret, creating it on the first start, and derives the keys with HKDF-SHA-256. */
export async function loadSecrets(engine: Engine): Promise<Secrets> {
  const secret = await engine.transaction(async (session) => {
    const fresh = randomBytes(secretBytes).toString('hex');
    await run(
      session,
      sql`INSERT INTO secrets (name, value) VALUES ('master', ${fresh}) ON CONFLICT DO NOTHING`,
    );
    const [row] = await run<{ value: string }>(session, sql`SELECT value FROM secrets WHERE name = 'master'`);
    if (!row) throw new Error('The table secrets has lost its row.');
    return Buffer.from(row.value, 'hex');
  });
  const derive = (purpose: string) => Buffer.from(hkdfSync('sha256', secret, '', purpose, secretBytes));
  return { cursorKey: derive('cursor'), idempotencyKey: derive('idempotency') };
}

/** HMAC-SHA-256 over the parts, each prefixed with its length, so that no two lists of parts collide. */
export function keyedHash(key: Buffer, parts: readonly (string | Uint8Array)[]): Buffer {
  const hmac = createHmac('sha256', key);
  for (const part of parts) {
    const bytes = typeof part === 'string' ? Buffer.from(part) : part;
    hmac.update(`${bytes.byteLength}:`);
    hmac.update(bytes);
  }
  return hmac.digest();
}
