/**
 * The process is killed during 32 writers, repeatedly, and every acknowledged write survives.
 *
 * Planted: a COMMIT that rolls back one time in twenty. It failed. (Syncing the log is tested in
 * `power-cut.slow.test.ts`, because the kernel keeps what a killed process has written.)
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { loadConfig } from '../../src/config/config.ts';
import { migrate } from '../../src/storage/open.ts';
import { openDirectly, select } from '../storage/direct-engine.ts';
import { describeEngines, freshDatabaseUrl } from '../support/engines.ts';
import { startKillableService } from '../support/killable-service.ts';
import { randomFrom } from '../support/random.ts';
import { byTier } from '../support/tier.ts';
import { createLedger } from './ledger.ts';

const kills = byTier({ quick: 1, full: 20, soak: 200 });
const writers = 32;

interface Row {
  readonly id: string;
  readonly version: number | string;
  readonly name: string;
  readonly external_id: string;
}

describeEngines('kill -9 under writers', (engine) => {
  test(`${kills} kills lose no acknowledged write`, async (t) => {
    const random = randomFrom(`kill ${engine}`);
    const databaseUrl = await freshDatabaseUrl(t, engine);
    await migrate(loadConfig({ DATABASE_URL: databaseUrl }).database);
    const direct = openDirectly(t, databaseUrl);
    const ledger = createLedger(random);

    for (let kill = 0; kill < kills; kill++) {
      const service = await startKillableService(t, databaseUrl);
      await ledger.repeatUnanswered(service.url);
      const writing = Array.from({ length: writers }, () => ledger.writeUntilKilled(service.url));
      await delay(random.integer(20, 250));
      await service.kill();
      await Promise.all(writing);
      ledger.compare(await stored());
    }
    const service = await startKillableService(t, databaseUrl);
    await ledger.repeatUnanswered(service.url);
    await service.kill();
    ledger.compare(await stored());

    const { figures, entries } = ledger;
    const rows = await stored();
    const duplicates = rows.length - new Set(rows.map((row) => row.externalId)).size;
    assert.deepEqual([figures.lost, figures.altered, duplicates], [0, 0, 0]);
    assert.equal(rows.length, entries.length, 'no unknown customer');
    await assertFeedComplete(rows.reduce((sum, { version }) => sum + version, 0));
    if (engine === 'sqlite') {
      const [check] = await select<{ integrity_check: string }>(direct, 'PRAGMA integrity_check');
      assert.equal(check?.integrity_check, 'ok');
    }
    t.diagnostic(`${kills} kills: ${JSON.stringify(figures)}, ${duplicates} duplicates`);

    async function stored() {
      await settled();
      const all = await select<Row>(direct, 'SELECT id, version, name, external_id FROM customers');
      return all.map(({ external_id, ...row }) => ({
        ...row,
        version: Number(row.version),
        externalId: external_id,
      }));
    }

    /** Waits until the server has finished what the killed process had sent. */
    async function settled(): Promise<void> {
      if (engine === 'sqlite') return;
      const sql =
        'SELECT count(*) AS count FROM pg_stat_activity WHERE datname = current_database() ' +
        "AND pid <> pg_backend_pid() AND state <> 'idle'";
      while (Number((await select<{ count: string }>(direct, sql))[0]?.count) > 0) await delay(5);
    }

    async function assertFeedComplete(versions: number): Promise<void> {
      const sql =
        'SELECT count(*) AS count, max(position) AS last, (SELECT position FROM feed_head) AS head FROM changes';
      const [feed] = await select<Record<'count' | 'last' | 'head', number | string>>(direct, sql);
      assert.deepEqual([feed?.count, feed?.last, feed?.head].map(Number), [versions, versions, versions]);
    }
  });
});
