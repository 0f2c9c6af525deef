/** PostgreSQL without usable trigrams is refused, with advice, before anything is created. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, type TestContext, test } from 'node:test';
import pg from 'pg';
import { afterwards } from '../support/cleanup.ts';
import { freshDatabaseUrl } from '../support/engines.ts';
import { temporaryFolder } from '../support/folder-contents.ts';
import { runCommand } from '../support/process.ts';
import { mentions, refuses } from '../support/refusals.ts';

/** Locales that do not treat non-ASCII letters as letters, and the oldest server that knows each. */
const uselessLocales: readonly (readonly [oldestVersion: number, locale: string])[] = [
  [14, "LOCALE 'C'"],
  [15, "LOCALE_PROVIDER icu ICU_LOCALE 'en' LOCALE 'C'"],
  [17, "LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' LOCALE 'C'"],
];

describe('customers on PostgreSQL without usable trigrams', () => {
  for (const [oldestVersion, locale] of uselessLocales) {
    test(`refuses ${locale}`, async (context) => {
      const clusterUrl = await freshDatabaseUrl(context, 'postgres');
      if ((await majorVersion(clusterUrl)) < oldestVersion)
        return context.skip('the server is too old for it');
      const url = await createDatabase(context, clusterUrl, locale);
      const folder = await temporaryFolder(context);
      await refuses(folder, {
        command: 'migrate',
        environment: { DATABASE_URL: url },
        message: mentions('locale C ', 'no trigrams', 'CREATE DATABASE', "LOCALE 'C.UTF-8'"),
      });
      assert.deepEqual(await query(url, "SELECT 1 FROM pg_tables WHERE schemaname = 'public'"), []);
      assert.deepEqual(await query(url, "SELECT 1 FROM pg_extension WHERE extname = 'pg_trgm'"), []);
    });
  }

  test('accepts the locale that it recommends', async (context) => {
    const clusterUrl = await freshDatabaseUrl(context, 'postgres');
    const url = await createDatabase(context, clusterUrl, "LOCALE 'C.UTF-8'");
    const { code, stderr } = await runCommand(['migrate'], { env: { DATABASE_URL: url } });
    assert.equal(code, 0, stderr);
  });

  test('refuses a user without the right to create pg_trgm, until the extension exists', async (context) => {
    const adminUrl = await freshDatabaseUrl(context, 'postgres');
    const user = `limited_${randomBytes(6).toString('hex')}`;
    await query(adminUrl, `CREATE ROLE ${user} LOGIN PASSWORD 'limited'`);
    afterwards(context, async () => {
      await query(adminUrl, `DROP OWNED BY ${user}; DROP ROLE ${user}`);
    });
    await query(adminUrl, `GRANT ALL ON SCHEMA public TO ${user}`);
    const url = new URL(adminUrl);
    Object.assign(url, { username: user, password: 'limited' });
    const environment = { DATABASE_URL: url.href };
    const folder = await temporaryFolder(context);
    const message = mentions(
      'pg_trgm',
      'not allowed to create',
      'owner of the database',
      'CREATE EXTENSION pg_trgm',
    );
    await refuses(folder, { command: 'migrate', environment, message });
    assert.deepEqual(await query(adminUrl, "SELECT 1 FROM pg_tables WHERE schemaname = 'public'"), []);
    // In its own schema that is on no search path, as with some providers.
    await query(adminUrl, `CREATE SCHEMA extras; GRANT USAGE ON SCHEMA extras TO ${user}`);
    await query(adminUrl, 'CREATE EXTENSION pg_trgm SCHEMA extras');
    const { code, stderr } = await runCommand(['migrate'], { env: environment });
    assert.equal(code, 0, stderr);
  });

  test('refuses to serve a database that has lost pg_trgm', async (context) => {
    const url = await freshDatabaseUrl(context, 'postgres');
    const environment = { DATABASE_URL: url };
    assert.equal((await runCommand(['migrate'], { env: environment })).code, 0);
    await query(url, 'DROP EXTENSION pg_trgm CASCADE');
    const folder = await temporaryFolder(context);
    await refuses(folder, { environment, message: mentions('pg_trgm', 'lost', 'CREATE EXTENSION pg_trgm') });
  });
});

async function createDatabase(context: TestContext, clusterUrl: string, locale: string): Promise<string> {
  const name = `test_${randomBytes(8).toString('hex')}`;
  await query(clusterUrl, `CREATE DATABASE ${name} ENCODING 'UTF8' ${locale} TEMPLATE template0`);
  afterwards(context, async () => {
    await query(clusterUrl, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
  });
  const url = new URL(clusterUrl);
  url.pathname = `/${name}`;
  return url.href;
}

async function majorVersion(url: string): Promise<number> {
  const [row] = await query(url, "SELECT current_setting('server_version_num') AS version");
  return Math.floor(Number((row as { version: string }).version) / 10_000);
}

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}
