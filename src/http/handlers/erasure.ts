import type { Handlers } from '../../contract/handler.ts';
import type { ErasureStore } from '../../domain/erasure.ts';
import type { HandlerContext } from '../dispatch.ts';
import { replayedMark } from './customer-replies.ts';
import { idempotencyOf, preconditionFrom, writeContext } from './write-calls.ts';

export interface ErasureHandlersOptions {
  readonly erasures: ErasureStore;
  readonly requireIfMatch: boolean;
}

/** The operation that forgets a customer for good. */
export function erasureHandlers({
  erasures,
  requireIfMatch,
}: ErasureHandlersOptions): Pick<Handlers<HandlerContext>, 'eraseCustomer'> {
  return {
    async eraseCustomer({ path, headers, request }) {
      const precondition = preconditionFrom(headers, requireIfMatch);
      const context = { ...writeContext(request), idempotency: idempotencyOf(request) };
      const outcome = await erasures.erase(path.customerId, precondition, context);
      return {
        status: 200,
        headers: { 'Feed-Position': outcome.feedPosition, ...replayedMark(outcome) },
        body: outcome.receipt,
      };
    },
  };
}
