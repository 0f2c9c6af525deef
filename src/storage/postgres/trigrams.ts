import type { Engine, Session } from '../engine/engine.ts';
import { StorageProblem } from '../errors.ts';

/** Letters that are not ASCII: under the locale C their trigrams are not made, and searches would read everything. */
const probe = 'владимир';

const insufficientPrivilege = '42501';

/**
 * Makes the extension that the index of substrings needs, where it is missing.
 * @throws StorageProblem when it cannot be made, or is of no use in this database; nothing was made then.
 */
export async function prepareTrigrams(engine: Engine): Promise<void> {
  await engine.transaction(async (session) => {
    if ((await schemaOfExtension(session)) === undefined) await createExtension(session);
    await checkProbe(session);
  });
}

/** @throws StorageProblem when the database cannot make trigrams of every text. */
export async function checkTrigrams(engine: Engine): Promise<void> {
  await engine.read(checkProbe);
}

async function schemaOfExtension(session: Session): Promise<string | undefined> {
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
      throw new StorageProblem(
        'search needs the extension pg_trgm, and this user may not create it. Let the owner of the database, or a ' +
          'superuser, run in it: CREATE EXTENSION pg_trgm',
      );
    }
    throw new StorageProblem(
      'search needs the extension pg_trgm, and this server does not have it. Install the contrib package of ' +
        'PostgreSQL on the server, and let a superuser run in the database: CREATE EXTENSION pg_trgm',
    );
  }
}

async function checkProbe(session: Session): Promise<void> {
  const schema = await schemaOfExtension(session);
  if (schema === undefined) {
    throw new StorageProblem(
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
  throw new StorageProblem(
    `under the locale ${row?.locale} the database makes no trigrams of letters outside ASCII, so that search cannot ` +
      'use an index. Create it anew and restore its data there: CREATE DATABASE ... ' +
      "ENCODING 'UTF8' LOCALE 'C.UTF-8' TEMPLATE template0",
  );
}
