import type { Handlers } from '../../contract/handler.ts';
import type { CustomerHistories } from '../../domain/change-feed.ts';
import { createCommand, replaceCommand, updateCommand, upsertCommand } from '../../domain/commands.ts';
import type { CustomerStore } from '../../domain/customer-store.ts';
import type { ErasureStore } from '../../domain/erasure.ts';
import type { HandlerContext } from '../dispatch.ts';
import { isNotModified, parseTagCondition } from '../headers.ts';
import {
  cacheControl,
  idempotencyOf,
  listQueryFrom,
  locationOf,
  nextLink,
  pageTag,
  preconditionFrom,
  replayedMark,
  writeContext,
  written,
  writtenOnce,
} from './customer-requests.ts';

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

const defaultLimit = 20;

/** What became of one customer. */
export function historyHandlers({
  histories,
}: {
  readonly histories: CustomerHistories;
}): Pick<Handlers<HandlerContext>, 'getCustomerHistory'> {
  return {
    async getCustomerHistory({ path, query, headers, request }) {
      const { limit = defaultLimit, cursor } = query;
      const page = await histories.list(
        { customerId: path.customerId, limit, cursor },
        headers['Min-Feed-Position'],
        request.context.trace,
      );
      const replyHeaders = { 'Cache-Control': 'no-store', ...nextLink(request, page.nextCursor) };
      return { status: 200, headers: replyHeaders, body: page.body };
    },
  };
}

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
