import type { ChangeFeed } from '../domain/change-feed.ts';
import { Failure } from '../domain/failures.ts';
import { type FeedChunk, readChunk } from './feed-chunks.ts';

/** How much of what is newest is kept for streams that are a little behind. */
const keptChunksMax = 256;
const keptBytesMax = 4 * 1024 * 1024;

/** How long after the database could not be read it is tried again. */
const retryMs = 1000;

/** The end of the feed as it grows: read and rendered once, for all streams that have caught up. */
export interface FeedTail {
  /** Follows the feed from this position on, until `end`. */
  begin(position: string): void;
  end(): void;
  /** The position that it has come to; undefined while nobody follows. */
  readonly position: string | undefined;
  /** How often it has come on: who finds it unchanged has missed nothing meanwhile. */
  readonly publications: number;
  /** What begins after exactly this position, if it is still kept. */
  chunkAfter(position: string): FeedChunk | undefined;
}

export interface FeedTailEvents {
  /** There is a new chunk. */
  published(): void;
  /** The feed cannot be followed any more, for this reason. */
  lost(error: unknown): void;
}

export function createFeedTail(feed: ChangeFeed, { published, lost }: FeedTailEvents): FeedTail {
  /** By the position before them, the oldest first. */
  const kept = new Map<string, FeedChunk>();
  let keptBytes = 0;
  let position: string | undefined;
  let publications = 0;
  let unwatch = () => {};
  let retry: NodeJS.Timeout | undefined;
  let reading = false;
  let again = false;

  /** Something may have been committed. While a read runs, it is followed by another. */
  function stir(): void {
    again = true;
    if (!reading) void readOn();
  }

  async function readOn(): Promise<void> {
    reading = true;
    while (again && position !== undefined) {
      again = false;
      const from = position;
      try {
        const chunk = await readChunk(feed, from);
        if (chunk && position === from) publish(chunk);
      } catch (error) {
        giveWay(error);
      }
    }
    reading = false;
  }

  function publish(chunk: FeedChunk): void {
    kept.set(chunk.after, chunk);
    keptBytes += chunk.bytes.byteLength;
    for (const [after, oldest] of kept) {
      if (kept.size <= keptChunksMax && keptBytes <= keptBytesMax) break;
      kept.delete(after);
      keptBytes -= oldest.bytes.byteLength;
    }
    position = chunk.last;
    publications += 1;
    again ||= chunk.full;
    published();
  }

  function giveWay(error: unknown): void {
    if (error instanceof Failure && error.code === 'unavailable') retry = setTimeout(stir, retryMs).unref();
    else lost(error);
  }

  return {
    begin(from) {
      position = from;
      unwatch = feed.watch(stir);
      stir();
    },
    end() {
      unwatch();
      clearTimeout(retry);
      kept.clear();
      keptBytes = 0;
      position = undefined;
    },
    get position() {
      return position;
    },
    get publications() {
      return publications;
    },
    chunkAfter: (after) => kept.get(after),
  };
}
