import type { ChangeFeed } from '../../domain/change-feed.ts';
import { eventFrames } from './frames.ts';

/** Consecutive changes, rendered as server-sent events. */
export interface FeedChunk {
  /** The position before the first change. */
  readonly after: string;
  /** The position of the last change. */
  readonly last: string;
  readonly bytes: Uint8Array;
  /** True if the chunk has reached its maximum size, so more changes may follow. */
  readonly full: boolean;
}

/** Changes per chunk. Small, since each lagging stream holds a chunk while its client reads. */
const changesMax = 32;

/** Concurrent reads for lagging streams. Few, so that requests do not wait behind them. */
const concurrentReadsMax = 2;

/** Reads the changes after a position; undefined at the end of the feed. */
export async function readChunk(feed: ChangeFeed, after: string): Promise<FeedChunk | undefined> {
  const changes = await feed.readAfter(after, changesMax);
  const last = changes.at(-1)?.position;
  if (last === undefined) return undefined;
  return { after, last, bytes: eventFrames(changes), full: changes.length === changesMax };
}

/**
 * Creates a {@link readChunk} for lagging streams, with limited concurrency. Streams at the same position, as many are
 * after a restart, share one read.
 */
export function createChunkReader(feed: ChangeFeed): (after: string) => Promise<FeedChunk | undefined> {
  const limit = createConcurrencyLimit(concurrentReadsMax);
  const pending = new Map<string, Promise<FeedChunk | undefined>>();

  return (after) => {
    const shared = pending.get(after);
    if (shared) return shared;
    const reading = limit(() => readChunk(feed, after)).finally(() => pending.delete(after));
    pending.set(after, reading);
    return reading;
  };
}

/** Runs at most `max` tasks at once; the others queue up. */
function createConcurrencyLimit(max: number) {
  const queue: (() => void)[] = [];
  let free = max;
  return async <Result>(task: () => Promise<Result>): Promise<Result> => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => queue.push(resolve));
    try {
      return await task();
    } finally {
      const next = queue.shift();
      if (next) next();
      else free += 1;
    }
  };
}
