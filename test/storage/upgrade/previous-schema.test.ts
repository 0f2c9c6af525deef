/**
 * Upgrades from every earlier release with all data kept. Each release leaves a dump of its schema with some
 * rows in `schemas/`; before a release, run `TEST_WRITE_SCHEMA=1 npm test -- upgrade/previous-schema` to
 * write its dump.
 *
 * Planted, and each failed: a migration that empties `customer_tags`, one that shortens notes.
 */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { type TestContext, test } from 'node:test';
import pg from 'pg';
import sqlite3 from 'sqlite3';
import { loadConfig } from '../../../src/config/config.ts';
import type { ChangePage, CustomerList } from '../../../src/contract/types.ts';
import type { Engine } from '../../../src/storage/engine/engine.ts';
import { migrate } from '../../../src/storage/open.ts';
import { naughtyStrings } from '../../hostile/naughty-strings.ts';
import { describeEngines, engines, freshDatabaseUrl } from '../../support/engines.ts';
import { startTestService } from '../../support/service.ts';
import { fillSource } from '../copy/filled-source.ts';
import { runMove } from '../copy/run-move.ts';
import { openDirectly, select, sqliteFile } from '../direct-engine.ts';
import { nextRelease } from './next-release.ts';
import { dumpRows, recordSchema } from './schema-dump.ts';

const folder = new URL('./schemas/', import.meta.url);
const packageFile = new URL('../../../package.json', import.meta.url);
const { version } = JSON.parse(await readFile(packageFile, 'utf8')) as { version: string };
const fileOf = (release: string, engine: string) => new URL(`${release}.${engine}.sql`, folder);
const files = readdirSync(folder).sort();

test('this release has its schema dump', () => {
  for (const engine of engines) assert.ok(files.includes(`${version}.${engine}.sql`), `${version} ${engine}`);
});

describeEngines('a database of an earlier release', (engine) => {
  for (const file of files.filter((name) => name.endsWith(`.${engine}.sql`))) {
    test(`${file} is upgraded with all its data, and served`, async (t) => {
      const databaseUrl = await freshDatabaseUrl(t, engine);
      await execute(databaseUrl, await readFile(new URL(file, folder), 'utf8'));
      const direct = openDirectly(t, databaseUrl);
      const before = await rowsOf(direct);
      // Includes migrations of a next release, so that even the newest dump has something to upgrade.
      const applied = await migrate(loadConfig({ DATABASE_URL: databaseUrl }).database, nextRelease);
      const after = await rowsOf(direct);
      let rows = 0;
      for (const [table, known] of before) {
        const kept = new Map(after.get(table)?.map((row) => [keyOf(row, known), row]));
        for (const row of known) assert.ok(kept.has(keyOf(row, known)), `${table}: ${JSON.stringify(row)}`);
        rows += known.length;
      }
      const service = await startTestService(t, { engine, databaseUrl });
      const { json: list } = await service.call<CustomerList>('GET', '/customers?includeTotal=true&q=heute');
      assert.equal(list.total, 40);
      assert.equal((await service.call('GET', '/changes?after=0')).status, 410);
      const { json: page } = await service.call<ChangePage>('GET', '/changes?after=30');
      const [first] = list.items;
      const path = `/customers/${first?.id}`;
      const headers = { 'If-Match': first?.etag ?? '' };
      assert.equal((await service.call('PATCH', path, { body: { note: 'since' }, headers })).status, 200);
      assert.equal((await service.call('GET', `/changes?after=${page.next}`)).status, 200);
      t.diagnostic(`${rows} rows kept by ${applied.join(', ')}`);
    });
  }
});

// Run by hand before a release: TEST_WRITE_SCHEMA=1 npm test -- upgrade/previous-schema
if (process.env.TEST_WRITE_SCHEMA) test('writes the schema of this release', writeSchemas);

async function writeSchemas(t: TestContext): Promise<void> {
  const texts = naughtyStrings.filter((text) => text.length < 100).filter((_, index) => index % 12 === 0);
  const source = await fillSource(t, { texts });
  const target = await freshDatabaseUrl(t, 'postgres');
  await runMove(source.databaseUrl, target);
  for (const [engine, url] of Object.entries({ sqlite: source.databaseUrl, postgres: target })) {
    const empty = openDirectly(t, await freshDatabaseUrl(t, engine as 'sqlite' | 'postgres'));
    const schema = await recordSchema(empty);
    const statements = [...schema, ...(await dumpRows(openDirectly(t, url)))];
    await writeFile(fileOf(version, engine), statements.map((statement) => `${statement};\n`).join(''));
  }
}

type Row = Readonly<Record<string, string | null>>;

/** Every row of every table, each column as text. Knex's own table gains rows. */
async function rowsOf(engine: Engine): Promise<Map<string, Row[]>> {
  const columns = await select<{ table: string; column: string }>(engine, engine.dialect.listColumns);
  const tables = [...new Set(columns.map(({ table }) => table))].filter(
    (table) => !/^schema_|_index/.test(table),
  );
  const all = new Map<string, Row[]>();
  for (const table of tables) {
    const names = columns.filter((each) => each.table === table).map(({ column }) => column);
    const list = names.map((name) => `CAST(${name} AS text) AS ${name}`).join(', ');
    all.set(table, await select<Row>(engine, `SELECT ${list} FROM ${table}`));
  }
  return all;
}

/** A row by the columns it had before. */
function keyOf(row: Row, known: readonly Row[]): string {
  return JSON.stringify(Object.keys(known[0] ?? {}).map((name) => row[name] ?? null));
}

async function execute(databaseUrl: string, sql: string): Promise<void> {
  if (databaseUrl.startsWith('sqlite:')) {
    await new Promise<void>((resolve, reject) => {
      const database = new sqlite3.Database(sqliteFile(databaseUrl), (opening) => {
        if (opening) return reject(opening);
        database.exec(`BEGIN; ${sql} COMMIT;`, (error) =>
          database.close(() => (error ? reject(error) : resolve())),
        );
      });
    });
    return;
  }
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query(sql).finally(() => client.end());
}
