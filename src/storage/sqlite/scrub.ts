import type { FileHandle } from 'node:fs/promises';
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';
import type { Session } from '../engine/engine.ts';
import type { Database } from '../open.ts';
import type { CustomerWrites } from '../writes/writer.ts';

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

/** A page of a SQLite file begins its b-tree header here; the first page has the file's header before it. */
const fileHeaderBytes = 100;
const pagesPerRead = 64;

/** How long the search may keep the event loop before others get a turn. */
const turnMs = 5;

/** The first byte of a b-tree page, and how long its header is. Other pages have another first byte. */
const headerBytesByType: ReadonlyMap<number, number> = new Map([
  [2, 12],
  [5, 12],
  [10, 8],
  [13, 8],
]);

/** Some pages in a row, as they stand in the file. */
interface Chunk {
  readonly bytes: Buffer;
  readonly pageBytes: number;
  readonly firstPage: number;
}

/**
 * The pages of a SQLite file that hold one of the texts in dead space, where no row holds it any more.
 *
 * `secure_delete` overwrites what is deleted. But when a b-tree page is split or merged, SQLite moves its cells and
 * leaves the old bytes in the gap between the page's pointers and its cells, where a later deletion does not reach
 * them. Measured on the service's own tables: of 300 erased customers with two versions each, 3 had left something.
 *
 * A text that is found alive too is somebody else's as well, and its dead copies tell nothing of the erased one.
 * @param file kept open as long as SQLite has the file open: closing any descriptor of it gives up SQLite's locks.
 */
export async function pagesWithTraces(file: FileHandle, texts: readonly string[]): Promise<number[]> {
  const needles = needlesOf(texts);
  const dead = new Map<Buffer, Set<number>>();
  await eachChunk(file, (chunk) => {
    const gaps = [...gapsOf(chunk)];
    const joined = Buffer.concat(gaps.map(({ bytes }) => bytes));
    for (const needle of needles.filter((each) => joined.includes(each))) {
      const found = gaps.filter(({ bytes }) => bytes.includes(needle)).map(({ page }) => page);
      dead.set(needle, new Set([...(dead.get(needle) ?? []), ...found]));
    }
    return true;
  });
  await eachChunk(file, (chunk) => {
    for (const needle of dead.keys()) if (isAlive(chunk, needle)) dead.delete(needle);
    return dead.size > 0;
  });
  return [...new Set([...dead.values()].flatMap((pages) => [...pages]))];
}

/** Reads the file in pieces, as long as the work answers that it wants more. */
async function eachChunk(file: FileHandle, work: (chunk: Chunk) => boolean): Promise<void> {
  const pageBytes = await pageSizeOf(file);
  const buffer = Buffer.alloc(pageBytes * pagesPerRead);
  let since = performance.now();
  for (let firstPage = 1; ; firstPage += pagesPerRead) {
    const { bytesRead } = await file.read(buffer, 0, buffer.length, (firstPage - 1) * pageBytes);
    if (bytesRead === 0 || !work({ bytes: buffer.subarray(0, bytesRead), pageBytes, firstPage })) return;
    if (performance.now() - since < turnMs) continue;
    await nextTurn();
    since = performance.now();
  }
}

/** The dead space of each page that has some with anything in it. */
function* gapsOf({ bytes, pageBytes, firstPage }: Chunk): Generator<{ page: number; bytes: Buffer }> {
  const zeros = Buffer.alloc(pageBytes);
  for (let start = 0; start < bytes.length; start += pageBytes) {
    const page = firstPage + start / pageBytes;
    const content = bytes.subarray(start, start + pageBytes);
    const [from, to] = gapOf(content, page);
    const gap = content.subarray(from, to);
    if (gap.length > 0 && !gap.equals(zeros.subarray(0, gap.length))) yield { page, bytes: gap };
  }
}

/** Where a page's gap between its pointers and its cells begins and ends. */
function gapOf(content: Buffer, page: number): readonly [from: number, to: number] {
  const header = page === 1 ? fileHeaderBytes : 0;
  const headerBytes = headerBytesByType.get(content[header] ?? 0);
  if (headerBytes === undefined) return [0, 0];
  const from = header + headerBytes + 2 * content.readUInt16BE(header + 3);
  // Zero stands for 65,536, the content of an empty page of that size.
  return [from, content.readUInt16BE(header + 5) || 65_536];
}

function isAlive({ bytes, pageBytes, firstPage }: Chunk, needle: Buffer): boolean {
  for (let at = bytes.indexOf(needle); at !== -1; at = bytes.indexOf(needle, at + 1)) {
    const start = at - (at % pageBytes);
    const [from, to] = gapOf(bytes.subarray(start, start + pageBytes), firstPage + start / pageBytes);
    if (at - start < from || at - start >= to) return true;
  }
  return false;
}

async function pageSizeOf(file: FileHandle): Promise<number> {
  const { buffer } = await file.read(Buffer.alloc(2), 0, 2, 16);
  const size = buffer.readUInt16BE(0);
  return size === 1 ? 65_536 : size;
}

/** Shorter texts tell nothing, and are everywhere. */
const needleBytesMin = 4;

/** Of a longer text its two ends: a dead copy may be overwritten from either side. */
const endBytes = 16;

function needlesOf(texts: readonly string[]): Buffer[] {
  const ends = texts.flatMap((text) => {
    const bytes = Buffer.from(text);
    if (bytes.length <= endBytes) return [bytes];
    return [bytes.subarray(0, endBytes), bytes.subarray(-endBytes)];
  });
  const distinct = new Map(ends.map((end) => [end.toString('base64'), end]));
  return [...distinct.values()].filter(({ length }) => length >= needleBytesMin);
}
