/** Prepared statements stay correct after a connection has dropped them from its cache. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeEngines, freshDatabaseUrl } from '../support/engines.ts';
import { openDirectly } from './direct-engine.ts';

const statementsCount = 700;

describeEngines('prepared statements', (engine) => {
  test('more of them than a connection keeps, repeatedly', async (t) => {
    const direct = openDirectly(t, await freshDatabaseUrl(t, engine));
    await direct.read(async (session) => {
      for (let round = 0; round < 3; round++) {
        for (let index = 0; index < statementsCount; index++) {
          const value = (index * 7 + round) % statementsCount;
          const [row] = await session.run<{ sum: number | string }>(
            `SELECT CAST(? AS integer) + ${value} AS sum`,
            [round],
          );
          assert.equal(Number(row?.sum), value + round);
        }
      }
    });
    t.diagnostic(`${statementsCount} statements, 3 times each, 0 wrong`);
  });

  test('on several connections at once', async (t) => {
    const direct = openDirectly(t, await freshDatabaseUrl(t, engine), { readerConnections: 4 });
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, worker) =>
        direct.read(async (session) => {
          const sums: number[] = [];
          for (let index = 0; index < 300; index++) {
            const sql = `SELECT CAST(? AS integer) + ${(index * worker) % 250} AS sum`;
            const [row] = await session.run<{ sum: number | string }>(sql, [worker]);
            sums.push(Number(row?.sum));
          }
          return sums;
        }),
      ),
    );
    for (const [worker, sums] of answers.entries()) {
      assert.deepEqual(
        sums,
        sums.map((_, index) => worker + ((index * worker) % 250)),
      );
    }
  });

  test('a failed statement can be run again', async (t) => {
    const direct = openDirectly(t, await freshDatabaseUrl(t, engine));
    const wrong = 'SELECT missing FROM nowhere WHERE id = ?';
    await direct.transaction((session) => session.run('CREATE TABLE somewhere (id integer)', []));
    for (let round = 0; round < 3; round++) {
      await assert.rejects(
        direct.read((session) => session.run(wrong, [1])),
        /nowhere/,
      );
      await direct.transaction((session) => session.run('INSERT INTO somewhere VALUES (?)', [round]));
    }
    const rows = await direct.read((session) => session.run('SELECT id FROM somewhere ORDER BY id', []));
    assert.deepEqual(rows, [{ id: 0 }, { id: 1 }, { id: 2 }]);
  });

  if (engine === 'sqlite') return;

  test('are bounded on the server', async (t) => {
    const direct = openDirectly(t, await freshDatabaseUrl(t, engine), { readerConnections: 1 });
    const count = await direct.read(async (session) => {
      for (let index = 0; index < statementsCount; index++) await session.run(`SELECT ${index}`, []);
      const sql = 'SELECT count(*) AS count FROM pg_prepared_statements';
      const [row] = await session.run<{ count: string }>(sql, []);
      return Number(row?.count);
    });
    assert.ok(count <= 500, `${count} statements are kept`);
    t.diagnostic(`${statementsCount} statements, ${count} of them kept`);
  });
});
