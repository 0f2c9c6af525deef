import { transferFormats } from '../../bulk/formats.ts';
import { importCustomers, type LineResult } from '../../bulk/import.ts';
import type { ImportRecord } from '../../bulk/lines.ts';
import type { Handlers } from '../../contract/handler.ts';
import type { ImportResult } from '../../contract/types.ts';
import type { CustomerStore } from '../../domain/customer-store.ts';
import { Failure, invalidRequest } from '../../domain/failures.ts';
import { within } from '../../runtime/with-timeout.ts';
import type { HandlerContext } from '../dispatch.ts';
import { problemFor } from '../problem.ts';
import { listQueryFrom, writeContext } from './customer-requests.ts';

export interface TransferHandlersOptions {
  readonly customers: CustomerStore;
}

/** How long a line may wait in the queue of writes before it is given up. */
const lineTimeoutMs = 30_000;

/** The operations that take all customers in and out. */
export function transferHandlers({
  customers,
}: TransferHandlersOptions): Pick<Handlers<HandlerContext>, 'exportCustomers' | 'importCustomers'> {
  return {
    async exportCustomers({ query, headers, accepts, request }) {
      const { feedPosition, pages } = await customers.export(
        listQueryFrom(query).filters,
        headers['Min-Feed-Position'],
        request.context.trace,
      );
      const body = transferFormats[accepts].render(pages);
      return { status: 200, headers: { 'Feed-Position': feedPosition }, mediaType: accepts, body };
    },

    async importCustomers({ query, body, contentType, request }) {
      refuseKey(request);
      const { context } = request;
      const upload = beginUpload(body);
      const records = await upload.before(
        context.deadlineMs,
        firstKnown(transferFormats[contentType].read(upload.bytes)),
      );
      const results = importCustomers(records, (command) =>
        customers.write(command, {
          ...writeContext(request, query.validateOnly),
          source: 'import',
          deadlineMs: Date.now() + lineTimeoutMs,
        }),
      );
      return {
        status: 200,
        mediaType: 'application/x-ndjson',
        body: renderResults(results, context.requestId),
      };
    },
  };
}

/** @throws Failure `malformed_request`: a key promises the same answer again, and that is never kept. */
function refuseKey({ headers }: HandlerContext['request']): void {
  if (headers['idempotency-key'] === undefined) return;
  const detail = 'An import takes no Idempotency-Key. It changes nothing when it is sent again.';
  const errors = [{ parameter: 'Idempotency-Key', detail: 'must be left out' }];
  throw new Failure('malformed_request', detail, { errors });
}

/**
 * Reads the first records, so that what is wrong with the whole is known while there is no reply yet.
 * @throws Failure `invalid_request` for a body without a line, and what the format refuses.
 */
async function firstKnown(
  records: AsyncIterable<readonly ImportRecord[]>,
): Promise<AsyncIterable<readonly ImportRecord[]>> {
  const iterator = records[Symbol.asyncIterator]();
  const first = await iterator.next();
  if (first.done) throw invalidRequest([{ pointer: '#', detail: 'must have at least one line' }]);
  return (async function* all() {
    yield first.value;
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value;
  })();
}

async function* renderResults(
  results: AsyncIterable<readonly LineResult[]>,
  requestId: string,
): AsyncGenerator<Uint8Array> {
  for await (const batch of results) {
    const lines = batch.map((result) => `${JSON.stringify(rendered(result, requestId))}\n`);
    yield Buffer.from(lines.join(''));
  }
}

function rendered(result: LineResult, requestId: string): ImportResult {
  const { line, outcome } = result;
  if (outcome !== 'refused')
    return { line, status: outcome === 'created' ? 201 : 200, outcome, id: result.id };
  const problem = problemFor(result.failure, { requestId, declaresUnprocessable: true });
  return { line, status: problem.status, outcome, problem };
}

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
