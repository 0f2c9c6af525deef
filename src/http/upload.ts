import { Failure } from '../domain/failures.ts';
import { within } from '../operations/within.ts';

/** A streamed body on its way in. */
export interface Upload {
  readonly bytes: AsyncIterable<Uint8Array>;
  /**
   * The outcome of work that must come before the reply begins.
   * Rejects with Failure `request_timeout` when that is not there in time. Where it is refused, what else arrives is
   * let in for a moment, for a client that is cut while it sends does not see the answer.
   */
  before<Result>(deadlineMs: number, work: Promise<Result>): Promise<Result>;
}

/** How long a client may go on sending what is refused; shorter than the grace that dispatch gives a deadline. */
const lingerMs = 400;

/** Takes a streamed body in hand. */
export function beginUpload(body: AsyncIterable<Uint8Array>): Upload {
  const iterator = body[Symbol.asyncIterator]();

  async function next(): Promise<IteratorResult<Uint8Array>> {
    try {
      return await iterator.next();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ECONNRESET') throw error;
      throw new Failure('malformed_request', 'The body ended early.');
    }
  }

  async function letIn(): Promise<void> {
    const endMs = Date.now() + lingerMs;
    for (let ended = false; !ended && Date.now() < endMs; ) {
      const read = next().then(({ done }) => done === true);
      ended = await within(endMs - Date.now(), read, () => true).catch(() => true);
    }
  }

  return {
    // Without `return`, which would end the connection with the reading, and the reply with it.
    bytes: { [Symbol.asyncIterator]: () => ({ next }) },
    async before(deadlineMs, work) {
      try {
        return await within(deadlineMs - Date.now(), work, late);
      } catch (error) {
        if (!(error instanceof Failure && error.code === 'request_timeout')) await letIn();
        throw error instanceof Failure ? closing(error) : error;
      }
    },
  };
}

function late(): never {
  throw new Failure('request_timeout', 'The first line did not arrive in time.');
}

/** The rest of the body is not read: the connection cannot be used again. */
function closing({ code, detail, errors, headers, cause }: Failure): Failure {
  return new Failure(code, detail, {
    ...(errors ? { errors } : {}),
    headers: { ...headers, Connection: 'close' },
    cause,
  });
}
