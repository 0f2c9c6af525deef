import type { Deadline } from './deadline.ts';

/** What a body that is not one JSON document can be made of. */
export type Upload = string | Uint8Array | Blob | Iterable<unknown> | AsyncIterable<unknown>;

type Piece = Uint8Array<ArrayBuffer>;
type Body = NonNullable<RequestInit['body']>;

/** Whether a body is there as a whole, and can be sent again. */
export function isWhole(upload: Upload): boolean {
  return typeof upload === 'string' || upload instanceof Uint8Array || upload instanceof Blob;
}

/**
 * The body of a request that takes each piece when the service is ready for it. A browser that cannot stream a
 * request collects it first. The clock stands while the caller makes the next piece.
 */
export async function uploadBody(upload: Upload, deadline: Deadline): Promise<Body> {
  if (upload instanceof Uint8Array) return new Uint8Array(upload);
  if (typeof upload === 'string' || upload instanceof Blob) return upload;
  const pieces = encoded(upload);
  if (canStreamRequests()) return streamOf(pieces, deadline);
  const collected: Piece[] = [];
  deadline.hold();
  for await (const piece of pieces) collected.push(piece);
  deadline.release();
  return new Blob(collected);
}

/** Text and bytes as they are, anything else as a line of NDJSON. */
async function* encoded(
  upload: Iterable<unknown> | AsyncIterable<unknown>,
): AsyncGenerator<Piece, void, undefined> {
  const encoder = new TextEncoder();
  for await (const each of upload) {
    if (each instanceof Uint8Array) yield new Uint8Array(each);
    else yield encoder.encode(typeof each === 'string' ? each : `${JSON.stringify(each)}\n`);
  }
}

function streamOf(pieces: AsyncGenerator<Piece, void, undefined>, deadline: Deadline): ReadableStream<Piece> {
  const { signal } = deadline;
  // Node's fetch does not cancel the body of a request that was aborted: it would read the caller's source to its end.
  signal.addEventListener('abort', () => void pieces.return(), { once: true });
  return new ReadableStream<Piece>(
    {
      async pull(controller) {
        deadline.hold();
        const { done, value } = await pieces.next();
        deadline.release();
        if (signal.aborted) controller.error(signal.reason);
        else if (done) controller.close();
        else controller.enqueue(value);
      },
      async cancel() {
        await pieces.return();
      },
    },
    // Nothing is taken from the caller before it can be sent.
    { highWaterMark: 0 },
  );
}

/** A browser that cannot takes a stream for text, says so in a header, and never asks for `duplex`. */
function canStreamRequests(): boolean {
  let isAsked = false;
  const request = new Request('http://localhost', {
    method: 'POST',
    body: new ReadableStream(),
    get duplex() {
      isAsked = true;
      return 'half';
    },
  } as RequestInit);
  return isAsked && !request.headers.has('content-type');
}
