import type { FileHandle } from 'node:fs/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';

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
