import type { Handlers } from '../../contract/handler.ts';
import { upsertCommand } from '../../domain/commands.ts';
import type { CustomerStore } from '../../domain/ports.ts';
import { isNotModified, parseTagCondition } from '../conditional.ts';
import type { HandlerContext } from '../dispatch.ts';
import { cacheControl, locationOf, writtenOnce } from './customer-replies.ts';
import { idempotencyOf, preconditionFrom, writeContext } from './write-calls.ts';

type ExternalIdOperations = 'getCustomerByExternalId' | 'upsertCustomerByExternalId';

/** The operations on a customer by its id in a system of the caller's. */
export function externalIdHandlers({
  customers,
}: {
  readonly customers: CustomerStore;
}): Pick<Handlers<HandlerContext>, ExternalIdOperations> {
  return {
    async getCustomerByExternalId({ path, headers, request }) {
      const ifNoneMatch = parseTagCondition('If-None-Match', headers['If-None-Match']);
      const customer = await customers.getByExternalId(
        path.externalId,
        headers['Min-Feed-Position'],
        request.context.trace,
      );
      const cache = { ETag: customer.etag, 'Cache-Control': cacheControl };
      if (isNotModified(ifNoneMatch, customer.etag)) return { status: 304, headers: cache };
      return { status: 200, headers: cache, body: customer.body };
    },

    async upsertCustomerByExternalId({ path, query, headers, body, request }) {
      // If-Match is never demanded: the caller need not know whether there is a customer.
      const command = upsertCommand(path.externalId, body, preconditionFrom(headers, false));
      const outcome = await customers.write(command, {
        ...writeContext(request, query.validateOnly),
        idempotency: idempotencyOf(request),
      });
      if (outcome.validated) return { status: 200, body: outcome.body };
      const headersOfBoth = writtenOnce(outcome);
      if (!outcome.created) return { status: 200, headers: headersOfBoth, body: outcome.body };
      return { status: 201, headers: { ...locationOf(outcome), ...headersOfBoth }, body: outcome.body };
    },
  };
}
