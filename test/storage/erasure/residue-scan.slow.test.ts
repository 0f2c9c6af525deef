/** The residue scan finds deleted content that SQLite keeps despite `secure_delete`, and the scrubber removes it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { test } from 'node:test';
import { pagesWithResidue } from '../../../src/storage/sqlite/residue-scan.ts';
import { createScrubber } from '../../../src/storage/sqlite/scrub.ts';
import type { CustomerWriter } from '../../../src/storage/writes/writer.ts';
import { afterwards, type Cleanup } from '../../support/cleanup.ts';
import { freshDatabaseUrl } from '../../support/engines.ts';
import { randomFrom } from '../../support/random.ts';
import { execute, openDirectly, sqliteFile } from '../direct-engine.ts';

const rowsCount = 8000;
const random = randomFrom('residue scan');
/** Random, and unique because of the number. */
const key = (number: number) =>
  `key${Math.floor(random.next() * 2 ** 32)
    .toString(36)
    .padStart(7, '0')}${String(number).padStart(4, '0')}`;
/** Random lengths, so that pages split at any offset. */
const stored = (each: string) => each + 'x'.repeat(random.integer(0, 300));

test('deleted keys that page splits left in free space are found, and are gone after scrubbing', async (t) => {
  const { file, path, engine, keys } = await splitPages(t);
  const deleted = keys.filter((_, index) => index % 4 === 0);
  await execute(engine, 'DELETE FROM people WHERE id % 4 = 1');
  await engine.maintain((session) => session.run('PRAGMA wal_checkpoint(TRUNCATE)', []));
  const left = () => {
    const bytes = readFileSync(path);
    return deleted.filter((each) => bytes.includes(each));
  };
  const before = left();
  assert.ok(before.length > 0, 'SQLite no longer leaves residue, so the scrubber could be removed');
  assert.ok((await pagesWithResidue(file, before)).length > 0);

  const statements: string[] = [];
  const maintain = ((work) =>
    engine.maintain((session) =>
      work({
        run(sql, values) {
          statements.push(sql);
          return session.run(sql, values);
        },
      }),
    )) as CustomerWriter['maintain'];
  const scrubber = createScrubber({ engine, file, close: async () => {} }, { maintain });
  await scrubber.scrub(before, new AbortController().signal);
  assert.deepEqual(left(), []);
  assert.deepEqual(await pagesWithResidue(file, before), []);
  const rebuilt = statements.filter((sql) => /^(REINDEX|VACUUM)/.test(sql));
  assert.deepEqual(rebuilt, ['REINDEX "people_key"'], 'residue was only in the index');
  t.diagnostic(`${deleted.length} of ${rowsCount} deleted: ${before.length} were left as residue, then 0`);
});

test('a text that a live row contains is not residue', async (t) => {
  const { file, keys } = await splitPages(t);
  assert.deepEqual(await pagesWithResidue(file, keys.slice(0, 500)), []);
});

/** Creates a table with an index on random keys, whose pages have split many times. */
async function splitPages(t: Cleanup) {
  const databaseUrl = await freshDatabaseUrl(t, 'sqlite');
  const engine = openDirectly(t, databaseUrl);
  await execute(engine, 'CREATE TABLE people (id INTEGER PRIMARY KEY, key TEXT) STRICT');
  await execute(engine, 'CREATE INDEX people_key ON people (key)');
  const keys = Array.from({ length: rowsCount }, (_, number) => key(number));
  await engine.transaction(async (session) => {
    for (const each of keys) await session.run('INSERT INTO people (key) VALUES (?)', [stored(each)]);
  });
  await engine.maintain((session) => session.run('PRAGMA wal_checkpoint(TRUNCATE)', []));
  const path = sqliteFile(databaseUrl);
  const file = await open(path);
  afterwards(t, () => file.close());
  return { engine, file, path, keys };
}
