/** Fills a database with the customers of the dataset, quickly and through the service's own writing code. */
import { loadConfig } from '../../src/config/config.ts';
import { createCommand } from '../../src/domain/commands.ts';
import type { WriteContext } from '../../src/domain/context.ts';
import type { Engine } from '../../src/storage/engine/engine.ts';
import { migrate, openToServe } from '../../src/storage/open.ts';
import { BatchWriter } from '../../src/storage/writes/batch.ts';
import { createdAtMs, customerOf, idOf } from './dataset.ts';

/** More in a transaction is no quicker. */
const batchMax = 1000;

const context: WriteContext = {
  actor: 'bench',
  source: 'import',
  requestId: 'bench-fill',
  validateOnly: false,
  idempotency: undefined,
  deadlineMs: Number.MAX_SAFE_INTEGER,
};

/**
 * Fills a database up to `count` customers. Existing customers stay, so an interrupted run can continue.
 * @param report called with the number of customers after each batch.
 */
export async function fillTo(databaseUrl: string, count: number, report: (done: number) => void) {
  const config = loadConfig({ DATABASE_URL: databaseUrl }).database;
  await migrate(config);
  const { engine, close } = await openToServe(config, 0);
  try {
    const sqlite = engine.dialect.name === 'sqlite';
    // What is lost in a power cut is filled again; the servers that are measured open the file with FULL.
    if (sqlite) await engine.maintain((session) => session.run('PRAGMA synchronous = OFF', []));
    for (let done = await filledUpTo(engine, count); done < count; done += batchMax) {
      await addBatch(engine, done, Math.min(count, done + batchMax));
      report(Math.min(count, done + batchMax));
    }
    // PostgreSQL does so by itself before long. SQLite's tables have the figures that they have in production: none.
    if (!sqlite) await engine.maintain((session) => session.run('VACUUM (ANALYZE)', []));
    else await engine.maintain((session) => session.run('PRAGMA wal_checkpoint(TRUNCATE)', []));
  } finally {
    await close();
  }
}

async function addBatch(engine: Engine, from: number, to: number): Promise<void> {
  let next = from;
  const batch = new BatchWriter(engine.dialect, () => idOf(next++), 0);
  const writes = Array.from({ length: to - from }, (_, offset) => ({
    command: createCommand(customerOf(from + offset)),
    context,
    request: undefined,
  }));
  const outcomes = await engine.transaction((session) => batch.write(session, writes, createdAtMs(from)));
  const refused = outcomes.find((outcome) => 'error' in outcome);
  if (refused) throw refused.error;
}

/** How many there are of the dataset, which come in their order: others may be among them. */
async function filledUpTo(engine: Engine, count: number): Promise<number> {
  let [present, absent] = [-1, count];
  while (absent - present > 1) {
    const middle = Math.floor((present + absent) / 2);
    const [row] = await engine.read((session) =>
      session.run('SELECT 1 FROM customers WHERE id = ?', [idOf(middle)]),
    );
    if (row) present = middle;
    else absent = middle;
  }
  return absent;
}
