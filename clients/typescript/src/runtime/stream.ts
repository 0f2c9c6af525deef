import type { Answer } from './call.ts';
import type { Deadline } from './deadline.ts';

/** A line longer than this is refused, so that a foreign server cannot fill the memory. */
const lineLengthMax = 16 * 1024 * 1024;

/** A streamed response. The request is sent when you start to iterate or call `withReply()`. */
export class Stream<Item> implements AsyncIterable<Item> {
  readonly #open: () => Promise<Answer<AsyncIterable<Item>>>;
  #answer: Promise<Answer<AsyncIterable<Item>>> | undefined;
  #isRead = false;

  constructor(open: () => Promise<Answer<AsyncIterable<Item>>>) {
    this.#open = open;
  }

  /** The items with the response's metadata, such as `reply.feedPosition`. */
  withReply(): Promise<Answer<AsyncIterable<Item>>> {
    this.#answer ??= this.#open();
    return this.#answer;
  }

  /** Leaving the loop early cancels the request. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Item, void, undefined> {
    if (this.#isRead) throw new TypeError('A stream can be read once: call the operation again.');
    this.#isRead = true;
    const { data } = await this.withReply();
    yield* data;
  }
}

/** Reads a response's body. The clock runs only while waiting for the next chunk, not while the caller works. */
export async function* readChunks(
  { body }: Response,
  deadline: Deadline,
  toError: (failure: unknown) => unknown,
): AsyncGenerator<Uint8Array, void, undefined> {
  // Not `for await`: streams in Safari are not async iterable.
  const reader = body?.getReader();
  let isComplete = false;
  try {
    while (reader) {
      deadline.resume();
      const { done, value } = await reader.read().catch((failure) => Promise.reject(toError(failure)));
      deadline.pause();
      if (done) break;
      yield value;
    }
    isComplete = true;
  } finally {
    if (!isComplete) deadline.abort();
    deadline.close();
  }
}

/** Decodes UTF-8 that may be cut within a character. */
export async function* decodeText(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder();
  for await (const chunk of chunks) {
    const text = decoder.decode(chunk, { stream: true });
    if (text !== '') yield text;
  }
  const rest = decoder.decode();
  if (rest !== '') yield rest;
}

/** Parses NDJSON, one value per line. */
export async function* parseNdjson<Item>(
  texts: AsyncIterable<string>,
): AsyncGenerator<Item, void, undefined> {
  for await (const line of splitLines(texts)) {
    if (line !== '') yield JSON.parse(line) as Item;
  }
}

/** A server-sent event, or a block that only sets the last event id or the reconnection time. */
export interface ServerSentEvent {
  /** The id to reconnect with. */
  readonly lastEventId: string | undefined;
  /** How long to wait before reconnecting. */
  readonly retryMs: number | undefined;
  /** Undefined if the block has no data. */
  readonly data: string | undefined;
}

/** Parses `text/event-stream` (HTML standard, section 9.2.6). Drops a last block that was cut off. */
export async function* parseEvents(
  texts: AsyncIterable<string>,
): AsyncGenerator<ServerSentEvent, void, undefined> {
  let lastEventId: string | undefined;
  let retryMs: number | undefined;
  let data: string[] = [];
  for await (const line of splitLines(texts)) {
    if (line === '') {
      yield { lastEventId, retryMs, data: data.length === 0 ? undefined : data.join('\n') };
      data = [];
      continue;
    }
    const [, field, value = ''] = /^([^:]*):? ?(.*)$/s.exec(line) ?? [];
    if (field === 'data') data.push(value);
    else if (field === 'id' && !value.includes('\0')) lastEventId = value;
    else if (field === 'retry' && /^\d+$/.test(value)) retryMs = Number(value);
  }
}

/** Splits text at LF, CRLF or CR. A last line without a line end is included. */
async function* splitLines(texts: AsyncIterable<string>): AsyncGenerator<string, void, undefined> {
  let rest = '';
  for await (const piece of texts) {
    const text = rest + piece;
    // A CR at the end may be the first half of a CRLF.
    const end = text.endsWith('\r') ? text.length - 1 : text.length;
    const lines = text.slice(0, end).split(/\r\n|\n|\r/);
    rest = (lines.pop() ?? '') + text.slice(end);
    if (rest.length > lineLengthMax) throw new RangeError(`A line exceeds ${lineLengthMax} characters.`);
    yield* lines;
  }
  if (rest !== '') yield rest.replace(/\r$/, '');
}
