import type { Handlers } from '../../contract/handler.ts';
import { createCommand, replaceCommand, updateCommand } from '../../domain/commands.ts';
import type { CustomerStore } from '../../domain/ports.ts';
import { isNotModified, parseTagCondition } from '../conditional.ts';
import type { HandlerContext } from '../dispatch.ts';
import { listQueryFrom, nextLink, pageTag } from './customer-list.ts';
import { cacheControl, locationOf, written, writtenOnce } from './customer-replies.ts';
import { idempotencyOf, preconditionFrom, writeContext } from './write-calls.ts';

export interface CustomerHandlersOptions {
  readonly customers: CustomerStore;
  readonly requireIfMatch: boolean;
}

type CustomerOperations =
  | 'listCustomers'
  | 'createCustomer'
  | 'getCustomer'
  | 'replaceCustomer'
  | 'updateCustomer'
  | 'deleteCustomer'
  | 'restoreCustomer';

/** The operations on customers. Each reads its call, calls the store, and replies. */
export function customerHandlers({
  customers,
  requireIfMatch,
}: CustomerHandlersOptions): Pick<Handlers<HandlerContext>, CustomerOperations> {
  return {
    async listCustomers({ query, headers, request }) {
      const ifNoneMatch = parseTagCondition('If-None-Match', headers['If-None-Match']);
      const page = await customers.list(
        listQueryFrom(query),
        headers['Min-Feed-Position'],
        request.context.trace,
      );
      const cache = { ETag: pageTag(page.body), 'Cache-Control': cacheControl };
      if (isNotModified(ifNoneMatch, cache.ETag)) return { status: 304, headers: cache };
      return { status: 200, headers: { ...cache, ...nextLink(request, page.nextCursor) }, body: page.body };
    },

    async createCustomer({ query, body, request }) {
      const outcome = await customers.write(createCommand(body), {
        ...writeContext(request, query.validateOnly),
        idempotency: idempotencyOf(request),
      });
      if (outcome.validated) return { status: 200, body: outcome.body };
      return {
        status: 201,
        headers: { ...locationOf(outcome), ...writtenOnce(outcome) },
        body: outcome.body,
      };
    },

    async getCustomer({ path, headers, request }) {
      const ifNoneMatch = parseTagCondition('If-None-Match', headers['If-None-Match']);
      const customer = await customers.get(
        path.customerId,
        headers['Min-Feed-Position'],
        request.context.trace,
      );
      const cache = { ETag: customer.etag, 'Cache-Control': cacheControl };
      if (isNotModified(ifNoneMatch, customer.etag)) return { status: 304, headers: cache };
      return { status: 200, headers: cache, body: customer.body };
    },

    async replaceCustomer({ path, query, headers, body, request }) {
      const command = replaceCommand(path.customerId, body, preconditionFrom(headers, requireIfMatch));
      const outcome = await customers.write(command, writeContext(request, query.validateOnly));
      if (outcome.validated) return { status: 200, body: outcome.body };
      if (!outcome.created) return { status: 200, headers: written(outcome), body: outcome.body };
      return { status: 201, headers: { ...locationOf(outcome), ...written(outcome) }, body: outcome.body };
    },

    async updateCustomer({ path, query, headers, body, request }) {
      const command = updateCommand(path.customerId, body, preconditionFrom(headers, requireIfMatch));
      const outcome = await customers.write(command, writeContext(request, query.validateOnly));
      if (outcome.validated) return { status: 200, body: outcome.body };
      return { status: 200, headers: written(outcome), body: outcome.body };
    },

    async deleteCustomer({ path, headers, request }) {
      const precondition = preconditionFrom(headers, requireIfMatch);
      const command = { kind: 'delete', id: path.customerId, precondition } as const;
      const outcome = await customers.write(command, writeContext(request));
      return { status: 204, headers: { 'Feed-Position': outcome.feedPosition } };
    },

    async restoreCustomer({ path, headers, request }) {
      const precondition = preconditionFrom(headers, false);
      const command = { kind: 'restore', id: path.customerId, precondition } as const;
      const context = { ...writeContext(request), idempotency: idempotencyOf(request) };
      const outcome = await customers.write(command, context);
      return { status: 200, headers: writtenOnce(outcome), body: outcome.body };
    },
  };
}
