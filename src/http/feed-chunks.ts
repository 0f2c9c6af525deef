import type { ChangeFeed } from '../domain/change-feed.ts';
import { eventFrames } from './server-sent-events.ts';

/** Changes that follow each other, rendered for the wire. */
export interface FeedChunk {
  /** The position before the first of them. */
  readonly after: string;
  /** The position of the last of them. */
  readonly last: string;
  readonly bytes: Uint8Array;
  /** Whether there may be more behind it already. */
  readonly full: boolean;
}

/** Few, so that a stream that lags holds little while its client reads. */
const changesMax = 32;

/** How many streams that lag may read from the database at once: requests must not wait behind them. */
const readsAtOnceMax = 2;

/** The changes after a position; undefined at the end of the feed. */
export async function readChunk(feed: ChangeFeed, after: string): Promise<FeedChunk | undefined> {
  const changes = await feed.readAfter(after, changesMax);
  const last = changes.at(-1)?.position;
  if (last === undefined) return undefined;
  return { after, last, bytes: eventFrames(changes), full: changes.length === changesMax };
}

/**
 * Reads chunks for streams that lag, a few at a time. Those at one position share one read: when many come back
 * after a restart, most of them are there.
 */
export function createChunkReader(feed: ChangeFeed): (after: string) => Promise<FeedChunk | undefined> {
  const inTurn = createTurns(readsAtOnceMax);
  const pending = new Map<string, Promise<FeedChunk | undefined>>();

  return (after) => {
    const known = pending.get(after);
    if (known) return known;
    const reading = inTurn(() => readChunk(feed, after)).finally(() => pending.delete(after));
    pending.set(after, reading);
    return reading;
  };
}

/** Lets at most so many pieces of work run side by side; the others wait for their turn. */
function createTurns(max: number) {
  const waiting: (() => void)[] = [];
  let free = max;
  return async <Result>(work: () => Promise<Result>): Promise<Result> => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else free += 1;
    }
  };
}
