import { Failure } from '../../domain/failures.ts';
import type { BroadcastBuffer } from './broadcast-buffer.ts';
import type { FeedChunk } from './chunks.ts';
import { heartbeatFrame, openingFrame } from './frames.ts';

type WakeReason = 'publish' | 'heartbeat';

/** The event stream of one client. It reads the next chunk only after the client took the last one. */
export interface ChangeStream extends AsyncIterableIterator<Uint8Array> {
  /** Resumes a stream that waits for changes. */
  wake(reason: WakeReason): void;
  /** Ends the stream at once. With an error, its response is cut. */
  end(error?: unknown): void;
  return(): Promise<IteratorResult<Uint8Array>>;
}

export interface ChangeStreamDeps {
  readonly buffer: BroadcastBuffer;
  /** Reads the chunk after a position that the buffer no longer has. */
  readonly readChunk: (after: string) => Promise<FeedChunk | undefined>;
  /** Called when the first frame is taken. */
  readonly onOpen: (stream: ChangeStream) => void;
  readonly onClose: (stream: ChangeStream) => void;
}

type Result = IteratorResult<Uint8Array>;
const done: Result = { done: true, value: undefined };

/** Creates a stream of the changes after this position. */
export function createChangeStream(
  start: string,
  { buffer, readChunk, onOpen, onClose }: ChangeStreamDeps,
): ChangeStream {
  let position = start;
  let isOpen = false;
  let isEnded = false;
  let failure: unknown;
  /** Settles the pending call of `next`. */
  let settle = () => {};
  let resume: ((reason: WakeReason) => void) | undefined;

  async function nextBytes(): Promise<Uint8Array | undefined> {
    if (!isOpen) {
      isOpen = true;
      onOpen(stream);
      return openingFrame(position);
    }
    while (!isEnded) {
      const buffered = buffer.chunkAfter(position);
      if (buffered) return advance(buffered);
      const seen = buffer.publications;
      const chunk =
        position === buffer.position ? undefined : await readChunk(position).catch(ignoreUnavailable);
      if (chunk) return advance(chunk);
      // The read may have missed what was published meanwhile.
      if (seen === buffer.publications && (await sleep()) === 'heartbeat') return heartbeatFrame;
    }
    return undefined;
  }

  function advance({ last, bytes }: FeedChunk): Uint8Array {
    position = last;
    return bytes;
  }

  function sleep(): Promise<WakeReason> {
    return new Promise((resolve) => {
      resume = resolve;
    });
  }

  const stream: ChangeStream = {
    [Symbol.asyncIterator]: () => stream,
    next: () =>
      new Promise((resolve, reject) => {
        settle = () => (failure === undefined ? resolve(done) : reject(failure));
        if (isEnded) settle();
        else nextBytes().then((value) => resolve(value ? { done: false, value } : done), reject);
      }),
    async return() {
      stream.end();
      return done;
    },
    wake(reason) {
      resume?.(reason);
      resume = undefined;
    },
    end(error) {
      if (isEnded) return;
      isEnded = true;
      failure = error;
      settle();
      stream.wake('publish');
      onClose(stream);
    },
  };
  return stream;
}

/** The stream survives an unavailable database: the next heartbeat tries again. */
function ignoreUnavailable(error: unknown): undefined {
  if (!(error instanceof Failure && error.code === 'unavailable')) throw error;
}
