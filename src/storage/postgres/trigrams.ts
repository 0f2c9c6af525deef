import type { Engine, Session } from '../engine/engine.ts';
import { StorageError } from '../errors.ts';

/** Non-ASCII letters. Under the locale C pg_trgm makes no trigrams of them, so searches could not use the index. */
const probe = 'владимир';

const insufficientPrivilege = '42501';

/**
 * Creates the extension pg_trgm, which the substring index needs, unless it exists.
 * @throws StorageError when it cannot be created or does not work in this database. Nothing was created then.
 */
export async function createTrigramExtension(engine: Engine): Promise<void> {
  await engine.transaction(async (session) => {
    if ((await extensionSchema(session)) === undefined) await createExtension(session);
    await assertProbe(session);
  });
}

/** @throws StorageError unless the extension exists and makes trigrams of any text. */
export async function assertTrigrams(engine: Engine): Promise<void> {
  await engine.read(assertProbe);
}

async function extensionSchema(session: Session): Promise<string | undefined> {
  const sql = "SELECT extnamespace::regnamespace::text AS name FROM pg_extension WHERE extname = 'pg_trgm'";
  const [row] = await session.run<{ name: string }>(sql, []);
  return row?.name;
}

async function createExtension(session: Session): Promise<void> {
  try {
    await session.run('CREATE EXTENSION pg_trgm', []);
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === insufficientPrivilege) {
      throw new StorageError(
        'search needs the extension pg_trgm, and this user is not allowed to create it. Let the owner of the database, or a ' +
          'superuser, run in it: CREATE EXTENSION pg_trgm',
      );
    }
    throw new StorageError(
      'search needs the extension pg_trgm, and this server does not have it. Install the contrib package of ' +
        'PostgreSQL on the server, and let a superuser run in the database: CREATE EXTENSION pg_trgm',
    );
  }
}

async function assertProbe(session: Session): Promise<void> {
  const schema = await extensionSchema(session);
  if (schema === undefined) {
    throw new StorageError(
      'search needs the extension pg_trgm, which this database has lost. Let its owner, or a superuser, run in ' +
        'it: CREATE EXTENSION pg_trgm',
    );
  }
  const [row] = await session.run<{ count: number; locale: string }>(
    `SELECT cardinality(${schema}.show_trgm(?)) AS count, ` +
      '(SELECT datctype FROM pg_database WHERE datname = current_database()) AS locale',
    [probe],
  );
  if (row && row.count > 0) return;
  throw new StorageError(
    `under the locale ${row?.locale} the database makes no trigrams of letters outside ASCII, so that search cannot ` +
      'use an index. Recreate it and restore its data there: CREATE DATABASE ... ' +
      "ENCODING 'UTF8' LOCALE 'C.UTF-8' TEMPLATE template0",
  );
}
