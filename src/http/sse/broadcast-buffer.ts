import type { ChangeFeed } from '../../domain/change-feed.ts';
import { Failure } from '../../domain/failures.ts';
import { type FeedChunk, readChunk } from './chunks.ts';

/** The newest chunks are kept for streams that lag a little. */
const keptChunksMax = 256;
const keptBytesMax = 4 * 1024 * 1024;

/** How soon a read is retried while the database is unavailable. */
const retryMs = 1000;

/** The newest chunks of the feed, read and rendered once for all streams. */
export interface BroadcastBuffer {
  /** Follows the feed from this position until `stop`. */
  start(position: string): void;
  stop(): void;
  /** The last position read; undefined while stopped. */
  readonly position: string | undefined;
  /** The number of chunks published. A stream that sees it unchanged after a read has missed none. */
  readonly publications: number;
  /** The chunk that starts after exactly this position, if it is still in the buffer. */
  chunkAfter(position: string): FeedChunk | undefined;
}

export interface BroadcastEvents {
  /** Called after each new chunk. */
  onPublish(): void;
  /** Called if the feed cannot be followed any more. */
  onError(error: unknown): void;
}

export function createBroadcastBuffer(
  feed: ChangeFeed,
  { onPublish, onError }: BroadcastEvents,
): BroadcastBuffer {
  /** By the position before the chunk, oldest first. */
  const chunks = new Map<string, FeedChunk>();
  let keptBytes = 0;
  let position: string | undefined;
  let publications = 0;
  let unwatch = () => {};
  let retry: NodeJS.Timeout | undefined;
  let reading = false;
  let readAgain = false;

  /** Reads new changes, once more if a read is under way. */
  function refresh(): void {
    readAgain = true;
    if (!reading) void readAll();
  }

  async function readAll(): Promise<void> {
    reading = true;
    while (readAgain && position !== undefined) {
      readAgain = false;
      const from = position;
      try {
        const chunk = await readChunk(feed, from);
        // Otherwise the buffer was stopped or restarted meanwhile.
        if (chunk && position === from) publish(chunk);
      } catch (error) {
        retryOrFail(error);
      }
    }
    reading = false;
  }

  function publish(chunk: FeedChunk): void {
    chunks.set(chunk.after, chunk);
    keptBytes += chunk.bytes.byteLength;
    for (const [after, oldest] of chunks) {
      if (chunks.size <= keptChunksMax && keptBytes <= keptBytesMax) break;
      chunks.delete(after);
      keptBytes -= oldest.bytes.byteLength;
    }
    position = chunk.last;
    publications += 1;
    readAgain ||= chunk.full;
    onPublish();
  }

  function retryOrFail(error: unknown): void {
    if (error instanceof Failure && error.code === 'unavailable')
      retry = setTimeout(refresh, retryMs).unref();
    else onError(error);
  }

  return {
    start(from) {
      position = from;
      unwatch = feed.watch(refresh);
      refresh();
    },
    stop() {
      unwatch();
      clearTimeout(retry);
      chunks.clear();
      keptBytes = 0;
      position = undefined;
    },
    get position() {
      return position;
    },
    get publications() {
      return publications;
    },
    chunkAfter: (after) => chunks.get(after),
  };
}
