/** The substring index covers rows that existed before it, and keeps nothing of removed texts. */
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { loadConfig } from '../../src/config/config.ts';
import { createCommand, updateCommand } from '../../src/domain/commands.ts';
import type { CustomerStore } from '../../src/domain/customer-store.ts';
import type { Engine } from '../../src/storage/engine/engine.ts';
import { migrate } from '../../src/storage/open.ts';
import { describeEngines } from '../support/engines.ts';
import { execute, select, sqliteFile } from './direct-engine.ts';
import { openStore, plainContext } from './open-store.ts';

/** More than two batches, the last one partial. */
const earlierCount = 2345;

describeEngines('the substring index', (engine) => {
  test('contains customers that existed before it, including deleted ones', async (t) => {
    const { databaseUrl, engine: direct, customers, close } = await openStore(t, engine);
    for (let index = 0; index < earlierCount; index++) {
      void customers.write(
        createCommand({ name: `Früher ${index}`, externalId: `alt:${index}` }),
        plainContext(),
      );
    }
    await customers.write(createCommand({ name: 'Zuletzt' }), plainContext());
    await execute(
      direct,
      "UPDATE customers SET deleted_at = '2026-01-01T00:00:00.000Z' WHERE external_id = 'alt:7'",
    );
    await removeStep(direct);
    await close();
    assert.deepEqual(await migrate(loadConfig({ DATABASE_URL: databaseUrl }).database), ['003-search']);
    const again = await openStore(t, engine, { databaseUrl });
    assert.equal(await totalOf(again.customers, 'fruher'), earlierCount - 1);
    assert.equal(await totalOf(again.customers, 'fruher', true), earlierCount);
    assert.equal(await totalOf(again.customers, 'alt:2344'), 1);
    assert.equal(await totalOf(again.customers, 'let'), 1);
    await checkIntegrity(again.engine);
  });

  test('has the same texts from the migration as from writes', async (t) => {
    const { databaseUrl, engine: direct, customers, close } = await openStore(t, engine);
    await customers.write(
      createCommand({ name: 'Zoë', email: 'Z@Ö.example', phone: '+43123', externalId: 'A:1' }),
      plainContext(),
    );
    const sql = 'SELECT text FROM customer_search ORDER BY ordinal';
    const written = await select(direct, sql);
    await removeStep(direct);
    await close();
    await migrate(loadConfig({ DATABASE_URL: databaseUrl }).database);
    const again = await openStore(t, engine, { databaseUrl });
    assert.deepEqual(await select(again.engine, sql), written);
  });

  test('forgets a customer for good', async (t) => {
    const { engine: direct, customers } = await openStore(t, engine);
    const { id } = await customers.write(createCommand({ name: 'Vergessen' }), plainContext());
    await customers.write(createCommand({ name: 'Behalten' }), plainContext());
    await deleteTexts(direct, [id]);
    assert.deepEqual([await totalOf(customers, 'vergessen'), await totalOf(customers, 'behalten')], [0, 1]);
    assert.deepEqual(await select(direct, 'SELECT text FROM customer_search'), [{ text: 'behalten' }]);
    await checkIntegrity(direct);
  });

  test('loses its entry when a row is deleted', async (t) => {
    const { engine: direct, customers } = await openStore(t, engine);
    await customers.write(createCommand({ name: 'Gelöscht' }), plainContext());
    await execute(direct, 'DELETE FROM customers');
    assert.deepEqual(await select(direct, 'SELECT text FROM customer_search'), []);
    await checkIntegrity(direct);
  });
});

describe('the substring index in a file [sqlite]', () => {
  // Without `secure-delete`, or with triggers that do not pass on the old text, trigrams stay in the file.
  test('leaves no trigram of a replaced or removed text', async (t) => {
    const { databaseUrl, engine, customers } = await openStore(t, 'sqlite');
    // Not in the alphabet of base64, in which the database stores random secrets.
    const rare = ['жщфюцэ', 'шэжцщю', 'фцшюжщ'];
    const ids: string[] = [];
    for (let index = 0; index < 300; index++) {
      const name = `Gewöhnlich ${index} ${rare[index % 100] ?? ''}`;
      ids.push((await customers.write(createCommand({ name }), plainContext())).id);
    }
    const marked = ids.filter((_, index) => index % 100 < rare.length);
    assert.ok(
      (await trigramsIn(engine, databaseUrl, rare)).length > 0,
      'no trigram was in the file to begin with',
    );
    for (const id of marked.slice(0, -2)) {
      await customers.write(updateCommand(id, { name: 'Anders' }, {}), plainContext());
    }
    await deleteTexts(engine, marked.slice(-2));
    // The other tables contain the texts too.
    await execute(
      engine,
      'DELETE FROM changes',
      'DELETE FROM customer_tags',
      "UPDATE customers SET name = 'Anders'",
    );
    await execute(engine, "UPDATE customers SET name_key = 'anders'");
    assert.deepEqual(await trigramsIn(engine, databaseUrl, rare), []);
    await checkIntegrity(engine);
    t.diagnostic(`${marked.length} texts gone, 0 of their trigrams in any file of the database`);
  });
});

/** Deletes the search texts of customers, and so their index entries. */
async function deleteTexts(engine: Engine, ids: readonly string[]): Promise<void> {
  const statement =
    'DELETE FROM customer_search WHERE ordinal IN ' +
    `(SELECT ordinal FROM customers WHERE ${engine.dialect.among('customers.id', 'uuid')})`;
  await engine.transaction((session) => session.run(statement, [JSON.stringify(ids)]));
}

/** Reverts the schema to what it was before the migration. */
async function removeStep(engine: Engine): Promise<void> {
  if (engine.dialect.name === 'sqlite') await execute(engine, 'DROP TABLE customer_search_index');
  await execute(
    engine,
    'DROP TABLE customer_search',
    "DELETE FROM schema_migrations WHERE name = '003-search'",
  );
}

async function totalOf(customers: CustomerStore, q: string, includeDeleted = false): Promise<number> {
  const { body } = await customers.list({
    ...{ filters: { q, includeDeleted }, sortKey: 'createdAt', descending: true },
    ...{ limit: 1, cursor: undefined, includeTotal: true },
  });
  return JSON.parse(Buffer.from(body).toString()).total;
}

/** Rejects if SQLite's index does not match the texts. */
async function checkIntegrity(engine: Engine): Promise<void> {
  if (engine.dialect.name === 'postgres') return;
  const check =
    "INSERT INTO customer_search_index (customer_search_index, rank) VALUES ('integrity-check', 1)";
  await execute(engine, check);
}

/** Every trigram of the texts, as sent or folded, that a file of the database contains. */
async function trigramsIn(engine: Engine, databaseUrl: string, texts: readonly string[]): Promise<string[]> {
  await select(engine, 'SELECT 1');
  const file = sqliteFile(databaseUrl);
  // A checkpoint cannot run in a transaction.
  await engine.knex.raw('PRAGMA wal_checkpoint(TRUNCATE)');
  const names = (await readdir(dirname(file))).filter((name) => name.startsWith(basename(file)));
  const bytes = Buffer.concat(await Promise.all(names.map((name) => readFile(join(dirname(file), name)))));
  const trigrams = texts
    .flatMap((text) => [text, text.toLowerCase()])
    .flatMap((text) => Array.from({ length: text.length - 2 }, (_, start) => text.slice(start, start + 3)));
  return trigrams.filter((trigram) => bytes.includes(trigram));
}
