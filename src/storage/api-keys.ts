import type { ApiKey, ApiKeyStore } from '../domain/authentication.ts';
import type { Engine, Session } from './engine/engine.ts';
import { toFailure } from './errors.ts';

interface KeyRow {
  readonly id: string;
  readonly name: string;
  readonly scopes: string;
  readonly hash: string;
  readonly created_at: string;
  readonly expires_at: string | null;
  readonly revoked_at: string | null;
}

const select = 'SELECT id, name, scopes, hash, created_at, expires_at, revoked_at FROM api_keys';

/** The API keys of a database that may be served from at the same time, by this process or another. */
export function createApiKeyStore(engine: Engine): ApiKeyStore {
  async function translated<Result>(work: Promise<Result>): Promise<Result> {
    try {
      return await work;
    } catch (error) {
      throw toFailure(error, engine.dialect, 'read');
    }
  }

  /** Every change moves the counter in its own transaction, first, so that two changes take turns. */
  function change<Result>(work: (session: Session) => Promise<Result>): Promise<Result> {
    return translated(
      engine.transaction(async (session) => {
        await session.run('UPDATE api_key_revision SET revision = revision + 1', []);
        return work(session);
      }),
    );
  }

  return {
    list: () =>
      translated(
        engine.read(async (session) => {
          const rows = await session.run<KeyRow>(`${select} ORDER BY created_at, id`, []);
          return rows.map(keyOf);
        }),
      ),
    revision: () =>
      translated(
        engine.read(async (session) => {
          const [row] = await session.run<{ revision: number | string }>(
            'SELECT revision FROM api_key_revision',
            [],
          );
          if (!row) throw new Error('The table api_key_revision has lost its row.');
          return String(row.revision);
        }),
      ),
    create: (key) =>
      change(async (session) => {
        const namesakes = await session.run<KeyRow>(`${select} WHERE name = ? AND revoked_at IS NULL`, [
          key.name,
        ]);
        if (namesakes.some(({ expires_at: end }) => end === null || end > key.createdAt)) return false;
        await insert(session, key);
        return true;
      }),
    revoke: (id, at) =>
      change(async (session) => {
        const [row] = await session.run<KeyRow>(`${select} WHERE id = ?`, [id]);
        await session.run('UPDATE api_keys SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL', [at, id]);
        return row && keyOf(row);
      }),
    replace: (id, successor, endsAt) =>
      change(async (session) => {
        const ended = await session.run(
          'UPDATE api_keys SET expires_at = CASE WHEN expires_at < ? THEN expires_at ELSE ? END ' +
            'WHERE id = ? AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?) RETURNING id',
          [endsAt, endsAt, id, successor.createdAt],
        );
        if (ended.length === 0) return false;
        await insert(session, successor);
        return true;
      }),
  };
}

async function insert(session: Session, key: ApiKey): Promise<void> {
  await session.run(
    'INSERT INTO api_keys (id, name, scopes, hash, created_at, expires_at, revoked_at) VALUES (?, ?, ?, ?, ?, ?, ?)',
    [key.id, key.name, key.scopes.join(' '), key.hash, key.createdAt, key.expiresAt, key.revokedAt],
  );
}

function keyOf(row: KeyRow): ApiKey {
  return {
    id: row.id,
    name: row.name,
    scopes: row.scopes.split(' ').filter(Boolean),
    hash: row.hash,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    revokedAt: row.revoked_at,
  };
}
