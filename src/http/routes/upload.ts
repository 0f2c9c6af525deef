import { Failure } from '../../domain/failures.ts';
import { withTimeout } from '../../runtime/with-timeout.ts';
import { failureHeaders, HttpFailure } from '../problem.ts';

/** A streamed request body. */
export interface Upload {
  readonly bytes: AsyncIterable<Uint8Array>;
  /**
   * Resolves to the result of work that must be done before the reply starts. If the work fails, reads on for a
   * moment before rejecting: a client that is cut off while sending does not see the response.
   * Rejects with HttpFailure `request_timeout` at the deadline.
   */
  beforeReply<Result>(deadlineMs: number, work: Promise<Result>): Promise<Result>;
}

/** How long a client may keep sending a refused upload. Shorter than the grace of dispatch's hard deadline. */
const lingerMs = 400;

/** Wraps a streamed request body. */
export function openUpload(body: AsyncIterable<Uint8Array>): Upload {
  const iterator = body[Symbol.asyncIterator]();

  async function next(): Promise<IteratorResult<Uint8Array>> {
    try {
      return await iterator.next();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ECONNRESET') throw error;
      throw new HttpFailure('malformed_request', 'The body ended early.');
    }
  }

  async function linger(): Promise<void> {
    const endMs = Date.now() + lingerMs;
    for (let ended = false; !ended && Date.now() < endMs; ) {
      const read = next().then(({ done }) => done === true);
      ended = await withTimeout(endMs - Date.now(), read, () => true).catch(() => true);
    }
  }

  return {
    // Without `return`, which would destroy the request and its connection.
    bytes: { [Symbol.asyncIterator]: () => ({ next }) },
    async beforeReply(deadlineMs, work) {
      try {
        return await withTimeout(deadlineMs - Date.now(), work, throwTimeout);
      } catch (error) {
        if (!(error instanceof HttpFailure && error.code === 'request_timeout')) await linger();
        throw error instanceof Failure || error instanceof HttpFailure ? closingConnection(error) : error;
      }
    },
  };
}

function throwTimeout(): never {
  throw new HttpFailure('request_timeout', 'The first line did not arrive in time.');
}

/** Adds `Connection: close`, since the rest of the body is not read. */
function closingConnection(failure: Failure | HttpFailure): HttpFailure {
  const { code, detail, errors, cause } = failure;
  const headers = { ...failureHeaders(failure), Connection: 'close' };
  return new HttpFailure(code, detail, { errors, headers, cause });
}
