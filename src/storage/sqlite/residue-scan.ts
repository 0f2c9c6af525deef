import type { FileHandle } from 'node:fs/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';

/**
 * Returns the pages of a SQLite file that hold one of the texts in free space, where no row holds it any more.
 *
 * `secure_delete` overwrites deleted cells. But when SQLite splits or merges a b-tree page, it moves cells and leaves
 * the old bytes in the gap between the page's cell pointers and its cells, which later deletes do not overwrite.
 *
 * A text that a live row also holds is skipped: its residue says nothing about the deleted row.
 * @param file must stay open as long as SQLite has the file open; see `Database.file`.
 */
export async function pagesWithResidue(file: FileHandle, texts: readonly string[]): Promise<number[]> {
  const needles = needlesOf(texts);
  const residue = new Map<Buffer, Set<number>>();
  await forEachChunk(file, (chunk) => {
    const gaps = [...gapsOf(chunk)];
    const joined = Buffer.concat(gaps.map(({ bytes }) => bytes));
    for (const needle of needles.filter((each) => joined.includes(each))) {
      const found = gaps.filter(({ bytes }) => bytes.includes(needle)).map(({ page }) => page);
      residue.set(needle, new Set([...(residue.get(needle) ?? []), ...found]));
    }
    return true;
  });
  await forEachChunk(file, (chunk) => {
    for (const needle of residue.keys()) if (isLive(chunk, needle)) residue.delete(needle);
    return residue.size > 0;
  });
  return [...new Set([...residue.values()].flatMap((pages) => [...pages]))];
}

/** Shorter texts occur everywhere by chance. */
const needleBytesMin = 4;

/** Of a longer text only its start and its end are searched: a copy may be overwritten from either side. */
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

/** Consecutive pages of the file. */
interface Chunk {
  readonly bytes: Buffer;
  readonly pageBytes: number;
  readonly firstPage: number;
}

const pagesPerRead = 64;

/** How long the scan may block the event loop. */
const turnMs = 5;

/** Reads the file in chunks until `visit` returns false. */
async function forEachChunk(file: FileHandle, visit: (chunk: Chunk) => boolean): Promise<void> {
  const pageBytes = await readPageSize(file);
  const buffer = Buffer.alloc(pageBytes * pagesPerRead);
  let since = performance.now();
  for (let firstPage = 1; ; firstPage += pagesPerRead) {
    const { bytesRead } = await file.read(buffer, 0, buffer.length, (firstPage - 1) * pageBytes);
    if (bytesRead === 0 || !visit({ bytes: buffer.subarray(0, bytesRead), pageBytes, firstPage })) return;
    if (performance.now() - since < turnMs) continue;
    await nextTurn();
    since = performance.now();
  }
}

/** Reads the page size from the file header, where 1 means 65,536. */
async function readPageSize(file: FileHandle): Promise<number> {
  const { buffer } = await file.read(Buffer.alloc(2), 0, 2, 16);
  const size = buffer.readUInt16BE(0);
  return size === 1 ? 65_536 : size;
}

/** Yields the gap of each page whose gap is not all zeros. */
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

/** The first page begins with the file header; on all others the b-tree header comes first. */
const fileHeaderBytes = 100;

/** Header lengths of b-tree pages by page type, the header's first byte. Other pages have other first bytes. */
const headerBytesByType: ReadonlyMap<number, number> = new Map([
  [2, 12],
  [5, 12],
  [10, 8],
  [13, 8],
]);

/** Returns the start and end of the gap between a page's cell pointers and its cells. */
function gapOf(content: Buffer, page: number): readonly [from: number, to: number] {
  const header = page === 1 ? fileHeaderBytes : 0;
  const headerBytes = headerBytesByType.get(content[header] ?? 0);
  if (headerBytes === undefined) return [0, 0];
  const from = header + headerBytes + 2 * content.readUInt16BE(header + 3);
  // 0 means 65,536: an empty page of that size.
  return [from, content.readUInt16BE(header + 5) || 65_536];
}

/** Whether the text occurs outside the gaps. */
function isLive({ bytes, pageBytes, firstPage }: Chunk, needle: Buffer): boolean {
  for (let at = bytes.indexOf(needle); at !== -1; at = bytes.indexOf(needle, at + 1)) {
    const start = at - (at % pageBytes);
    const [from, to] = gapOf(bytes.subarray(start, start + pageBytes), firstPage + start / pageBytes);
    if (at - start < from || at - start >= to) return true;
  }
  return false;
}
