import { Failure } from '../../domain/failures.ts';
import { type FeedChunk, type FeedTail, heartbeatFrame, openingFrame } from './buffer.ts';

/** Why a stream that waits is woken. */
type Wake = 'news' | 'heartbeat';

/** One client that follows the feed. Nothing is read for it before it has taken what it was given. */
export interface FeedStream extends AsyncIterableIterator<Uint8Array> {
  /** Ends a wait for changes. */
  wake(reason: Wake): void;
  /** Ends the stream at once; with an error, its reply is cut. */
  end(error?: unknown): void;
  return(): Promise<IteratorResult<Uint8Array>>;
}

export interface FeedStreamParts {
  readonly tail: FeedTail;
  /** What follows a position that the tail has left behind. */
  readonly readChunk: (after: string) => Promise<FeedChunk | undefined>;
  /** Called when the client takes the first bytes, and when the stream is over. */
  readonly begun: (stream: FeedStream) => void;
  readonly ended: (stream: FeedStream) => void;
}

type Result = IteratorResult<Uint8Array>;
const over: Result = { done: true, value: undefined };

/** A stream of the changes after this position. It is woken and ended from outside, also while it waits. */
export function createFeedStream(
  start: string,
  { tail, readChunk, begun, ended }: FeedStreamParts,
): FeedStream {
  let position = start;
  let isBegun = false;
  let isOver = false;
  let failure: unknown;
  /** Settles the call of `next` that waits. */
  let settle = () => {};
  let wakeUp: ((reason: Wake) => void) | undefined;

  async function nextBytes(): Promise<Uint8Array | undefined> {
    if (!isBegun) {
      isBegun = true;
      begun(stream);
      return openingFrame(position);
    }
    while (!isOver) {
      const kept = tail.chunkAfter(position);
      if (kept) return advance(kept);
      const seen = tail.publications;
      const chunk =
        position === tail.position ? undefined : await readChunk(position).catch(unlessUnavailable);
      if (chunk) return advance(chunk);
      // What was published during the read may be what the read has just not seen.
      if (seen === tail.publications && (await sleep()) === 'heartbeat') return heartbeatFrame;
    }
    return undefined;
  }

  function advance({ last, bytes }: FeedChunk): Uint8Array {
    position = last;
    return bytes;
  }

  function sleep(): Promise<Wake> {
    return new Promise((resolve) => {
      wakeUp = resolve;
    });
  }

  const stream: FeedStream = {
    [Symbol.asyncIterator]: () => stream,
    next: () =>
      new Promise((resolve, reject) => {
        settle = () => (failure === undefined ? resolve(over) : reject(failure));
        if (isOver) settle();
        else nextBytes().then((value) => resolve(value ? { done: false, value } : over), reject);
      }),
    async return() {
      stream.end();
      return over;
    },
    wake(reason) {
      wakeUp?.(reason);
      wakeUp = undefined;
    },
    end(error) {
      if (isOver) return;
      isOver = true;
      failure = error;
      settle();
      stream.wake('news');
      ended(stream);
    },
  };
  return stream;
}

/** A database that cannot be read now is tried again with the next heartbeat: the stream need not end for it. */
function unlessUnavailable(error: unknown): undefined {
  if (!(error instanceof Failure && error.code === 'unavailable')) throw error;
}
