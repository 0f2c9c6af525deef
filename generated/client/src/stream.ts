// Copied from scripts/client/runtime/stream.ts by `npm run generate`. Never edited here.

import type { Deadline } from './deadline.ts';
import type { Answer } from './reply.ts';

/** A reply that comes bit by bit. The request is sent when the first item, or the reply, is asked for. */
export class Stream<Item> implements AsyncIterable<Item> {
  readonly #open: () => Promise<Answer<AsyncIterable<Item>>>;
  #answer: Promise<Answer<AsyncIterable<Item>>> | undefined;
  #isRead = false;

  constructor(open: () => Promise<Answer<AsyncIterable<Item>>>) {
    this.#open = open;
  }

  /** The items together with what came before them, such as `reply.feedPosition`. */
  withReply(): Promise<Answer<AsyncIterable<Item>>> {
    this.#answer ??= this.#open();
    return this.#answer;
  }

  /** Leaving the loop early ends the request. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Item, void, undefined> {
    if (this.#isRead) throw new TypeError('A stream can be read once: call the operation again.');
    this.#isRead = true;
    const { data } = await this.withReply();
    yield* data;
  }
}

/** The body of a reply, piece by piece. The clock runs while a piece is waited for, and not while the caller works. */
export async function* readPieces(
  { body }: Response,
  deadline: Deadline,
  failed: (failure: unknown) => unknown,
): AsyncGenerator<Uint8Array, void, undefined> {
  // Not `for await`: Safari's streams are no iterables.
  const reader = body?.getReader();
  let isOver = false;
  try {
    while (reader) {
      deadline.release();
      const { done, value } = await reader.read().catch((failure) => Promise.reject(failed(failure)));
      deadline.hold();
      if (done) break;
      yield value;
    }
    isOver = true;
  } finally {
    if (!isOver) deadline.cut();
    deadline.close();
  }
}
