import { setTimeout as pause } from 'node:timers/promises';
import type { Database } from '../engine/backend.ts';
import type { Session } from '../engine/engine.ts';
import type { CustomerWriter } from '../writes/writer.ts';
import { pagesWithResidue } from './residue-scan.ts';

/** How long a checkpoint may wait for readers, while writes queue up behind it. */
const checkpointWaitMs = 50;
const retryIntervalMs = 20;

/** Each round rebuilds what the scan found. Rebuilt pages have no free space with old content. */
const roundsMax = 3;

/** Removes deleted content from the files of a SQLite database. */
export interface Scrubber {
  /**
   * Resolves when the texts are in no file, except where other rows hold them.
   * @param texts what the deleted rows held; undefined if that is not known, and the whole file is to be rebuilt.
   */
  scrub(texts: readonly string[] | undefined, signal: AbortSignal): Promise<void>;
}

/** Creates the scrubber of a database. It does nothing on a server, whose files are out of reach. */
export function createScrubber(
  { engine, file }: Database,
  writes: Pick<CustomerWriter, 'maintain'>,
): Scrubber {
  /** Retries until no reader has a snapshot from before: an open one keeps the log from being truncated. */
  async function truncateLog(signal: AbortSignal): Promise<void> {
    let withoutReaders = false;
    while (!(await writes.maintain(tryToTruncateLog, { withoutReaders }))) {
      await pause(retryIntervalMs, undefined, { signal });
      // A constant stream of readers would block every try.
      withoutReaders = true;
    }
    signal.throwIfAborted();
  }

  /** Returns the indexes that own all these pages; undefined when a page belongs to something else. */
  async function indexesOf(pages: readonly number[]): Promise<readonly string[] | undefined> {
    const pagesJson = JSON.stringify(pages);
    const found: string[] = [];
    let count = 0;
    const indexes = await engine.read((session) => session.run<{ name: string }>(indexNames, []));
    for (const { name } of indexes) {
      const [row] = await engine.read((session) =>
        session.run<{ pages: number }>(pagesAmong, [name, pagesJson]),
      );
      if (row && row.pages > 0) found.push(name);
      count += row?.pages ?? 0;
    }
    return count === pages.length ? found : undefined;
  }

  /** Rebuilds the indexes that own these pages, or the whole file. */
  async function rebuild(pages: readonly number[] | undefined): Promise<void> {
    const indexes = pages && (await indexesOf(pages));
    const statements = indexes?.map((name) => `REINDEX "${name.replaceAll('"', '""')}"`) ?? ['VACUUM'];
    for (const statement of statements) await writes.maintain((session) => session.run(statement, []));
  }

  return {
    async scrub(texts, signal) {
      if (!file) return;
      await truncateLog(signal);
      if (texts === undefined) await rebuild(undefined);
      for (let round = 0; texts && round < roundsMax; round++) {
        const pages = await pagesWithResidue(file, texts);
        if (pages.length === 0) break;
        await rebuild(round === 0 ? pages : undefined);
        await truncateLog(signal);
      }
      // Writes since the first truncation may have logged pages with old content.
      await truncateLog(signal);
    },
  };
}

const indexNames = "SELECT name FROM sqlite_schema WHERE type = 'index'";
const pagesAmong =
  'SELECT count(*) AS pages FROM dbstat WHERE name = ? AND pageno IN (SELECT value FROM json_each(?))';

/** Checkpoints the whole log and truncates its file to zero bytes. Returns false when a reader is in the way. */
async function tryToTruncateLog(session: Session): Promise<boolean> {
  const [{ timeout } = { timeout: 0 }] = await session.run<{ timeout: number }>('PRAGMA busy_timeout', []);
  await session.run(`PRAGMA busy_timeout = ${checkpointWaitMs}`, []);
  try {
    const [row] = await session.run<{ busy: number }>('PRAGMA wal_checkpoint(TRUNCATE)', []);
    return row?.busy === 0;
  } finally {
    await session.run(`PRAGMA busy_timeout = ${timeout}`, []);
  }
}
