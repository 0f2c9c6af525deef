import { bulkFormats } from '../../bulk/formats.ts';
import { importCustomers, type LineResult } from '../../bulk/import.ts';
import type { ImportRecord } from '../../bulk/lines.ts';
import type { Handlers } from '../../contract/handler.ts';
import type { ImportResult } from '../../contract/types.ts';
import type { CustomerStore } from '../../domain/customer-store.ts';
import { invalidRequest } from '../../domain/failures.ts';
import type { HandlerContext } from '../dispatch.ts';
import { HttpFailure, problemFor } from '../problem.ts';
import { toListQuery } from './list-query.ts';
import { readContext, writeContext } from './store-context.ts';
import { openUpload } from './upload.ts';

export interface BulkHandlersDeps {
  readonly customers: CustomerStore;
}

/** How long a line may wait in the write queue. */
const lineTimeoutMs = 30_000;

/** Handlers of the export and import of customers, as NDJSON or CSV. */
export function bulkHandlers({
  customers,
}: BulkHandlersDeps): Pick<Handlers<HandlerContext>, 'exportCustomers' | 'importCustomers'> {
  return {
    async exportCustomers({ query, headers, accepts, request }) {
      const { feedPosition, pages } = await customers.export(
        toListQuery(query).filters,
        readContext(headers, request),
      );
      const body = bulkFormats[accepts].render(pages);
      return { status: 200, headers: { 'Feed-Position': feedPosition }, mediaType: accepts, body };
    },

    async importCustomers({ query, body, contentType, request }) {
      refuseIdempotencyKey(request);
      const { context } = request;
      const upload = openUpload(body);
      const records = await upload.beforeReply(
        context.deadlineMs,
        awaitFirst(bulkFormats[contentType].read(upload.bytes)),
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

/** @throws HttpFailure `malformed_request`: the results of an import are not stored, so they cannot be replayed. */
function refuseIdempotencyKey({ headers }: HandlerContext['request']): void {
  if (headers['idempotency-key'] === undefined) return;
  const detail = 'An import takes no Idempotency-Key. It changes nothing when it is sent again.';
  const errors = [{ parameter: 'Idempotency-Key', detail: 'must be left out' }];
  throw new HttpFailure('malformed_request', detail, { errors });
}

/**
 * Reads the first batch, so that faults of the whole body are found before the reply starts.
 * Rejects with Failure `invalid_request` for a body without a line, and with the failures of the format.
 */
async function awaitFirst(
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
    const lines = batch.map((result) => `${JSON.stringify(toImportResult(result, requestId))}\n`);
    yield Buffer.from(lines.join(''));
  }
}

function toImportResult(result: LineResult, requestId: string): ImportResult {
  const { line, outcome } = result;
  if (outcome !== 'refused')
    return { line, status: outcome === 'created' ? 201 : 200, outcome, id: result.id };
  const problem = problemFor(result.failure, { requestId, declaresUnprocessable: true });
  return { line, status: problem.status, outcome, problem };
}
