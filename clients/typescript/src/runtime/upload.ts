import type { Deadline } from './deadline.ts';

/** A body that is not a JSON document: text, bytes, or items that become lines of NDJSON. */
export type Upload = string | Uint8Array | Blob | Iterable<unknown> | AsyncIterable<unknown>;

type Chunk = Uint8Array<ArrayBuffer>;

/** Whether a body is complete, so that it can be sent again. */
export function isWhole(upload: Upload): boolean {
  return typeof upload === 'string' || upload instanceof Uint8Array || upload instanceof Blob;
}

/**
 * Builds the body of a request. Items are pulled as the service reads them; a browser that cannot stream requests
 * collects them first. The clock is paused while the caller produces an item.
 */
export async function uploadBody(
  upload: Upload,
  deadline: Deadline,
): Promise<NonNullable<RequestInit['body']>> {
  if (upload instanceof Uint8Array) return new Uint8Array(upload);
  if (typeof upload === 'string' || upload instanceof Blob) return upload;
  const chunks = encode(upload);
  if (canStreamRequests()) return streamOf(chunks, deadline);
  const collected: Chunk[] = [];
  deadline.pause();
  for await (const chunk of chunks) collected.push(chunk);
  deadline.resume();
  return new Blob(collected);
}

/** Passes text and bytes through; anything else becomes a line of NDJSON. */
async function* encode(
  upload: Iterable<unknown> | AsyncIterable<unknown>,
): AsyncGenerator<Chunk, void, undefined> {
  const encoder = new TextEncoder();
  for await (const item of upload) {
    if (item instanceof Uint8Array) yield new Uint8Array(item);
    else yield encoder.encode(typeof item === 'string' ? item : `${JSON.stringify(item)}\n`);
  }
}

function streamOf(chunks: AsyncGenerator<Chunk, void, undefined>, deadline: Deadline): ReadableStream<Chunk> {
  const { signal } = deadline;
  // Node's fetch does not cancel the body of an aborted request: it would read the source to its end.
  signal.addEventListener('abort', () => void chunks.return(), { once: true });
  return new ReadableStream<Chunk>(
    {
      async pull(controller) {
        deadline.pause();
        const { done, value } = await chunks.next();
        deadline.resume();
        if (signal.aborted) controller.error(signal.reason);
        else if (done) controller.close();
        else controller.enqueue(value);
      },
      async cancel() {
        await chunks.return();
      },
    },
    // Pull nothing from the caller before it can be sent.
    { highWaterMark: 0 },
  );
}

/** A browser without request streams converts the stream to text, sets a content type and never reads `duplex`. */
function canStreamRequests(): boolean {
  let readsDuplex = false;
  const request = new Request('http://localhost', {
    method: 'POST',
    body: new ReadableStream(),
    get duplex() {
      readsDuplex = true;
      return 'half';
    },
  } as RequestInit);
  return readsDuplex && !request.headers.has('content-type');
}
