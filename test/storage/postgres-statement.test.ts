/** Statements on the PostgreSQL driver's own connection. */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import pg from 'pg';
import { isPreparedOn, runStatement } from '../../src/storage/postgres/statement.ts';
import { afterwards, suiteCleanup } from '../support/cleanup.ts';
import { freshDatabaseUrl } from '../support/engines.ts';

describe('a statement on PostgreSQL', () => {
  const cleanup = suiteCleanup();
  let client: pg.Client;
  before(async () => {
    client = new pg.Client({ connectionString: await freshDatabaseUrl(cleanup, 'postgres') });
    await client.connect();
    afterwards(cleanup, () => client.end());
    await client.query('CREATE TABLE notes (text text UNIQUE); CREATE TABLE divisors (value int)');
  });
  const stored = async (text: string) =>
    (await client.query('SELECT 1 FROM notes WHERE text = $1', [text])).rows.length;

  test('is prepared by its first run, and returns the same once its columns are known', async () => {
    const statement = {
      name: 'columns',
      text: 'SELECT $1::int AS count, $2::text AS text, $3::bigint AS big',
    };
    assert.equal(isPreparedOn(client, statement), false);
    for (const values of [
      [1, 'ä"\u0001', 2],
      [null, null, null],
      [-7, '', '9007199254740993'],
    ]) {
      const [count, text, big] = values;
      const expected = { count, text, big: big === null ? null : String(big) };
      assert.deepEqual(await runStatement(client, statement, values), [expected]);
      assert.equal(isPreparedOn(client, statement), true);
    }
  });

  test('returns no rows when it has no columns or no rows, each time', async () => {
    const insert = { name: 'insert', text: 'INSERT INTO notes VALUES ($1)' };
    const none = { name: 'none', text: 'SELECT text FROM notes WHERE text = $1' };
    for (const text of ['one', 'two']) {
      assert.deepEqual(await runStatement(client, insert, [text]), []);
      assert.deepEqual(await runStatement(client, none, ['neither']), []);
      assert.deepEqual(await runStatement(client, none, [text]), [{ text }]);
    }
  });

  test('that fails rejects with the server’s error, and the connection and statement remain usable', async () => {
    const divide = { name: 'divide', text: 'SELECT 6 / $1::int AS ratio' };
    await assert.rejects(runStatement(client, divide, ['none']), { code: '22P02' });
    await assert.rejects(runStatement(client, divide, [0]), { code: '22012' });
    assert.deepEqual(await runStatement(client, divide, [2]), [{ ratio: 3 }]);
    await assert.rejects(runStatement(client, { name: 'wrong', text: 'SELEC' }, []), { code: '42601' });
    assert.deepEqual(await runStatement(client, { text: 'SELECT 1 AS one' }, []), [{ one: 1 }]);
  });

  // Planted: a `sync` after the leading statement. The row was stored outside a transaction.
  test('is not run when its leading statement fails', async () => {
    const leading = { name: 'leading', text: 'DELETE FROM divisors WHERE 1 / value > 1' };
    await client.query('INSERT INTO divisors VALUES (1)');
    await runStatement(client, leading, []);
    const insert = { name: 'led', text: "INSERT INTO notes VALUES ('led') RETURNING text" };
    await client.query('UPDATE divisors SET value = 0');
    await assert.rejects(runStatement(client, insert, [], leading), { code: '22012' });
    assert.equal(await stored('led'), 0);
    await client.query('UPDATE divisors SET value = 1');
    assert.deepEqual(await runStatement(client, insert, [], leading), [{ text: 'led' }]);
    assert.equal(await stored('led'), 1);
  });

  test('runs in the transaction of its leading statement', async () => {
    const begin = { name: 'begin', text: 'BEGIN' };
    await runStatement(client, begin, []);
    await client.query('ROLLBACK');
    await runStatement(client, { name: 'insert', text: 'INSERT INTO notes VALUES ($1)' }, ['undone'], begin);
    await client.query('ROLLBACK');
    assert.equal(await stored('undone'), 0);
  });
});
