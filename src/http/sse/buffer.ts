import type { ChangeFeed, FeedChange } from '../../domain/change-feed.ts';
import { Failure } from '../../domain/failures.ts';

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

/** How long a browser waits before it connects again. */
const reconnectDelayMs = 2000;

/**
 * How a stream begins. An `id` without `data` is no event, but it is what the client reconnects with
 * (`Last-Event-ID`): so it misses nothing even if the connection breaks before the first change.
 */
export function openingFrame(position: string): Uint8Array {
  return Buffer.from(`retry: ${reconnectDelayMs}\nid: ${position}\n\n`);
}

/** A comment: it keeps proxies from closing a quiet connection, and finds out that a client is gone. */
export const heartbeatFrame: Uint8Array = Buffer.from(':\n\n');

/** Changes as events. JSON text that is rendered without spaces has no line breaks, so each is one `data` line. */
export function eventFrames(changes: readonly FeedChange[]): Uint8Array {
  const frames = changes.map(
    ({ position, type, event }) => `id: ${position}\nevent: ${type}\ndata: ${event}\n\n`,
  );
  return Buffer.from(frames.join(''));
}
