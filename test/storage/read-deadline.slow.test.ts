/** A query past its deadline is cancelled in the database, and its connection remains usable. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Failure } from '../../src/domain/failures.ts';
import type { Engine, Session } from '../../src/storage/engine/engine.ts';
import { toFailure } from '../../src/storage/errors.ts';
import { describeEngines, freshDatabaseUrl } from '../support/engines.ts';
import { openDirectly } from './direct-engine.ts';

const timeoutMs = 300;
const readerConnections = 4;

/** Counts to a number, a few million per second. */
const counting =
  'WITH RECURSIVE counting(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counting WHERE n < ?) ' +
  'SELECT count(*) AS count FROM counting';
/** Takes far longer than any deadline here, but ends if nothing cancels it. */
const endless = 20_000_000;

describeEngines('the deadline of a read', (engine) => {
  test('cancels a slow query in time with 503, and the connections remain usable', async (t) => {
    const direct = openDirectly(t, await freshDatabaseUrl(t, engine), { timeoutMs, readerConnections });
    for (let round = 0; round < 3; round++) {
      const ends = await Promise.all(Array.from({ length: readerConnections }, () => slowRead(direct)));
      for (const { failure, tookMs } of ends) {
        assert.ok(failure instanceof Failure, String(failure));
        assert.deepEqual([failure.code, failure.retryAfterSeconds], ['unavailable', 1]);
        assert.ok(!/counting|SELECT|SQLITE|57014/.test(failure.detail), failure.detail);
        assert.ok(tookMs >= timeoutMs * 0.9 && tookMs < timeoutMs * 10, `${tookMs} ms`);
      }
      const counts = await Promise.all(
        Array.from({ length: readerConnections * 3 }, () => direct.read(countTo(10))),
      );
      assert.deepEqual(new Set(counts), new Set([10]));
    }
    t.diagnostic(`${3 * readerConnections} slow queries cancelled, 0 connections lost`);
  });

  test('cancels a query that starts after the deadline', async (t) => {
    const direct = openDirectly(t, await freshDatabaseUrl(t, engine), { timeoutMs, readerConnections });
    const late = direct.read(async (session) => {
      await countTo(10)(session);
      await delay(timeoutMs * 1.5);
      return countTo(endless)(session);
    });
    const begin = performance.now();
    await assert.rejects(late);
    assert.ok(performance.now() - begin < timeoutMs * 10);
    assert.equal(await direct.read(countTo(10)), 10);
  });

  test('cancels neither a concurrent write nor a later query on the same connection', async (t) => {
    const direct = openDirectly(t, await freshDatabaseUrl(t, engine), { timeoutMs, readerConnections: 1 });
    await direct.transaction((session) => session.run('CREATE TABLE kept (id integer)', []));
    const slow = slowRead(direct);
    for (let id = 0; id < 20; id++) {
      await direct.transaction((session) => session.run('INSERT INTO kept VALUES (?)', [id]));
      await delay(20);
    }
    await slow;
    for (let round = 0; round < 20; round++) assert.equal(await direct.read(countTo(20_000)), 20_000);
    const [row] = await direct.read((session) =>
      session.run<{ count: number | string }>('SELECT count(*) AS count FROM kept', []),
    );
    assert.equal(Number(row?.count), 20);
  });

  test('is off when it is 0', async (t) => {
    const direct = openDirectly(t, await freshDatabaseUrl(t, engine), { timeoutMs: 0 });
    assert.equal(await direct.read(countTo(2_000_000)), 2_000_000);
  });
});

function countTo(greatest: number) {
  return async (session: Session): Promise<number> => {
    const [row] = await session.run<{ count: number | string }>(counting, [greatest]);
    return Number(row?.count);
  };
}

async function slowRead(direct: Engine): Promise<{ failure: unknown; tookMs: number }> {
  const begin = performance.now();
  try {
    await direct.read(countTo(endless));
    throw new Error('It counted to the end.');
  } catch (error) {
    return { failure: toFailure(error, direct.dialect, 'read'), tookMs: performance.now() - begin };
  }
}
