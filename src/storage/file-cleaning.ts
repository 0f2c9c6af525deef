import { setTimeout as pause } from 'node:timers/promises';
import type { CustomerWrites } from './customer-writes.ts';
import type { Database } from './database.ts';
import type { Session } from './engine.ts';
import { pagesWithTraces } from './sqlite-traces.ts';

/** How long a checkpoint holds up the writes that wait behind it, before it is given up and tried again. */
const checkpointPatienceMs = 50;
const retryIntervalMs = 20;

/** Each round rebuilds what the search has found; what is rebuilt has no dead space with old content. */
const roundsMax = 3;

/** Removes what the rows no longer hold from the files of an embedded database. */
export interface FileCleaning {
  /**
   * Resolves when no file holds the texts but where somebody else's row does.
   * @param texts what the rows held; undefined when nobody knows any more, and everything is rebuilt.
   */
  clean(texts: readonly string[] | undefined, signal: AbortSignal): Promise<void>;
}

/** For a database of its own server nothing is done: its files are not ours. */
export function createFileCleaning({ engine, file }: Database, writes: CustomerWrites): FileCleaning {
  /** An open reader keeps the log from being truncated, so it is tried until none is left of before. */
  async function truncateLog(signal: AbortSignal): Promise<void> {
    let withoutReaders = false;
    while (!(await writes.maintain(tryToTruncateLog, { withoutReaders }))) {
      await pause(retryIntervalMs, undefined, { signal });
      // Where readers come one after another without end, they are kept back for the next try.
      withoutReaders = true;
    }
    signal.throwIfAborted();
  }

  /** The trees to which index pages belong; undefined when one belongs to none. */
  async function indexesOf(pages: readonly number[]): Promise<readonly string[] | undefined> {
    const wanted = JSON.stringify(pages);
    const found: string[] = [];
    let count = 0;
    const indexes = await engine.read((session) => session.run<{ name: string }>(indexNames, []));
    for (const { name } of indexes) {
      const [row] = await engine.read((session) =>
        session.run<{ pages: number }>(pagesAmong, [name, wanted]),
      );
      if (row && row.pages > 0) found.push(name);
      count += row?.pages ?? 0;
    }
    return count === pages.length ? found : undefined;
  }

  async function rebuild(pages: readonly number[] | undefined): Promise<void> {
    const indexes = pages && (await indexesOf(pages));
    const statements = indexes?.map((name) => `REINDEX "${name.replaceAll('"', '""')}"`) ?? ['VACUUM'];
    for (const statement of statements) await writes.maintain((session) => session.run(statement, []));
  }

  return {
    async clean(texts, signal) {
      if (!file) return;
      await truncateLog(signal);
      if (texts === undefined) await rebuild(undefined);
      for (let round = 0; texts && round < roundsMax; round++) {
        const pages = await pagesWithTraces(file, texts);
        if (pages.length === 0) break;
        await rebuild(round === 0 ? pages : undefined);
        await truncateLog(signal);
      }
      // What was written meanwhile may hold copies of pages as they were.
      await truncateLog(signal);
    },
  };
}

const indexNames = "SELECT name FROM sqlite_schema WHERE type = 'index'";
const pagesAmong =
  'SELECT count(*) AS pages FROM dbstat WHERE name = ? AND pageno IN (SELECT value FROM json_each(?))';

/** Whether the log is empty now: all of it is in the database file, and the file of the log has no bytes. */
async function tryToTruncateLog(session: Session): Promise<boolean> {
  const [{ timeout } = { timeout: 0 }] = await session.run<{ timeout: number }>('PRAGMA busy_timeout', []);
  await session.run(`PRAGMA busy_timeout = ${checkpointPatienceMs}`, []);
  try {
    const [row] = await session.run<{ busy: number }>('PRAGMA wal_checkpoint(TRUNCATE)', []);
    return row?.busy === 0;
  } finally {
    await session.run(`PRAGMA busy_timeout = ${timeout}`, []);
  }
}
