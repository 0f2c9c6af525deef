import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { join, prepare, raw, rowCount, sql } from '../../src/storage/sql/sql.ts';

suite('the sql template', () => {
  test('binds values as placeholders, null included, and never inserts them into the text', () => {
    assert.deepEqual(sql`SELECT ${"'; DROP TABLE customers; --"}, ${1}, ${null}`, {
      sql: 'SELECT ?, ?, ?',
      values: ["'; DROP TABLE customers; --", 1, null],
    });
  });

  test('nested statements keep the order of all values', () => {
    const conditions = join([sql`a = ${1}`, raw('b IS NULL'), sql`c IN (${2}, ${3})`], ' AND ');
    assert.deepEqual(sql`SELECT ${0} FROM ${raw('t')} WHERE ${conditions} LIMIT ${rowCount(4)}`, {
      sql: 'SELECT ? FROM t WHERE a = ? AND b IS NULL AND c IN (?, ?) LIMIT CAST(? AS integer)',
      values: [0, 1, 2, 3, 4],
    });
  });

  test('a prepared statement has one text and binds a parameter at each of its places', () => {
    const statement = prepare(['id', 'limit'], ({ id, limit }) => sql`a = ${id} LIMIT ${limit} OR b = ${id}`);
    const first = statement({ id: 'x', limit: 1 });
    const second = statement({ id: 'y', limit: 2 });
    assert.deepEqual(first, { sql: 'a = ? LIMIT ? OR b = ?', values: ['x', 1, 'x'] });
    assert.deepEqual(second, { sql: first.sql, values: ['y', 2, 'y'] });
  });
});
