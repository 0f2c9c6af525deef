import type { ApiKey, ApiKeyStore } from '../domain/authentication.ts';
import type { Engine, Session, Work } from './engine/engine.ts';
import { translateErrors, translateReadErrors } from './errors.ts';
import { raw, run, sql } from './sql/sql.ts';

interface KeyRow {
  readonly id: string;
  readonly name: string;
  readonly scopes: string;
  readonly hash: string;
  readonly created_at: string;
  readonly expires_at: string | null;
  readonly revoked_at: string | null;
}

const columns = raw('id, name, scopes, hash, created_at, expires_at, revoked_at');

/** Stores API keys. The database may be in use by several processes. */
export function createApiKeyStore(engine: Engine): ApiKeyStore {
  const { read } = translateReadErrors(engine);

  /** Increments the revision first: its row lock serializes changes across processes. */
  function change<Result>(work: Work<Result>): Promise<Result> {
    const transaction = engine.transaction(async (session) => {
      await run(session, sql`UPDATE api_key_revision SET revision = revision + 1`);
      return work(session);
    });
    return translateErrors(transaction, engine.dialect, 'read');
  }

  return {
    list: () => read(listKeys),
    revision: () => read(readRevision),
    create: (key) =>
      change(async (session) => {
        if (await isNameInUse(session, key)) return false;
        await insertKey(session, key);
        return true;
      }),
    revoke: (id, at) => change((session) => revokeKey(session, id, at)),
    replace: (id, successor, endsAt) =>
      change(async (session) => {
        if (!(await limitKey(session, id, endsAt, successor.createdAt))) return false;
        await insertKey(session, successor);
        return true;
      }),
  };
}

async function listKeys(session: Session): Promise<ApiKey[]> {
  const rows = await run<KeyRow>(session, sql`SELECT ${columns} FROM api_keys ORDER BY created_at, id`);
  return rows.map(keyOf);
}

async function readRevision(session: Session): Promise<string> {
  const [row] = await run<{ revision: number | string }>(session, sql`SELECT revision FROM api_key_revision`);
  if (!row) throw new Error('The table api_key_revision has lost its row.');
  return String(row.revision);
}

/** Whether a key that has neither expired nor been revoked has the name. */
async function isNameInUse(session: Session, { name, createdAt }: ApiKey): Promise<boolean> {
  const rows = await run<KeyRow>(
    session,
    sql`SELECT ${columns} FROM api_keys WHERE name = ${name} AND revoked_at IS NULL`,
  );
  return rows.some((row) => row.expires_at === null || row.expires_at > createdAt);
}

async function insertKey(session: Session, key: ApiKey): Promise<void> {
  await run(
    session,
    sql`INSERT INTO api_keys (${columns}) VALUES (${key.id}, ${key.name}, ${key.scopes.join(' ')}, ${key.hash},
      ${key.createdAt}, ${key.expiresAt}, ${key.revokedAt})`,
  );
}

/** Revokes a key and returns it as it was before. */
async function revokeKey(session: Session, id: string, at: string): Promise<ApiKey | undefined> {
  const [row] = await run<KeyRow>(session, sql`SELECT ${columns} FROM api_keys WHERE id = ${id}`);
  await run(session, sql`UPDATE api_keys SET revoked_at = ${at} WHERE id = ${id} AND revoked_at IS NULL`);
  return row && keyOf(row);
}

/** Makes a valid key expire at `endsAt`, unless it expires earlier, and returns whether it was valid. */
async function limitKey(session: Session, id: string, endsAt: string, now: string): Promise<boolean> {
  const limited = await run(
    session,
    sql`UPDATE api_keys SET expires_at = CASE WHEN expires_at < ${endsAt} THEN expires_at ELSE ${endsAt} END
      WHERE id = ${id} AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ${now}) RETURNING id`,
  );
  return limited.length > 0;
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
