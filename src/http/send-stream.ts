import type { ServerResponse } from 'node:http';

/**
 * Sends a body piece by piece, no faster than the client reads it, and ends its source when the client is gone.
 * Rejects when the source does; the reply must then be cut, so that nobody takes half of it for whole.
 */
export async function sendStream(response: ServerResponse, source: AsyncIterable<Uint8Array>): Promise<void> {
  const iterator = source[Symbol.asyncIterator]();
  // At once, for a source may wait for long: for the next change, or for the rest of an upload.
  const leave = () => void Promise.resolve(iterator.return?.()).catch(() => undefined);
  response.once('close', leave);
  try {
    for (;;) {
      const { done, value } = await iterator.next();
      if (done || response.closed) break;
      if (!response.write(value)) await drained(response);
    }
    response.end();
  } finally {
    response.off('close', leave);
    // The client may have been gone before anybody listened.
    leave();
  }
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const goOn = () => {
      response.off('drain', goOn);
      response.off('close', goOn);
      resolve();
    };
    response.once('drain', goOn);
    response.once('close', goOn);
  });
}
