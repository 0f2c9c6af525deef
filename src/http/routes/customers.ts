import type { Handlers } from '../../contract/handler.ts';
import type { CustomerHistories } from '../../domain/change-feed.ts';
import { createCommand, replaceCommand, updateCommand, upsertCommand } from '../../domain/commands.ts';
import type { CustomerStore, StoredCustomer } from '../../domain/customer-store.ts';
import type { ErasureStore } from '../../domain/erasure.ts';
import type { TagCondition } from '../../domain/preconditions.ts';
import { isNotModified, parseTagCondition } from '../conditional.ts';
import type { HandlerContext } from '../dispatch.ts';
import { toListQuery } from './list-query.ts';
import {
  cacheControl,
  keyedWriteHeaders,
  locationHeader,
  nextPageLink,
  pageTag,
  replayedHeader,
  writeHeaders,
} from './response-headers.ts';
import { keyedWriteContext, parsePrecondition, readContext, writeContext } from './store-context.ts';

export interface CustomerHandlersDeps {
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

/** Handlers of the operations on customers by id. */
export function customerHandlers({
  customers,
  requireIfMatch,
}: CustomerHandlersDeps): Pick<Handlers<HandlerContext>, CustomerOperations> {
  return {
    async listCustomers({ query, headers, request }) {
      const ifNoneMatch = parseTagCondition('If-None-Match', headers['If-None-Match']);
      const page = await customers.list(toListQuery(query), readContext(headers, request));
      const cache = { ETag: pageTag(page.body), 'Cache-Control': cacheControl };
      if (isNotModified(ifNoneMatch, cache.ETag)) return { status: 304, headers: cache };
      return {
        status: 200,
        headers: { ...cache, ...nextPageLink(request, page.nextCursor) },
        body: page.body,
      };
    },

    async createCustomer({ query, body, request }) {
      const context = keyedWriteContext(request, query.validateOnly);
      const outcome = await customers.write(createCommand(body), context);
      if (outcome.validated) return { status: 200, body: outcome.body };
      return {
        status: 201,
        headers: { ...locationHeader(outcome), ...keyedWriteHeaders(outcome) },
        body: outcome.body,
      };
    },

    async getCustomer({ path, headers, request }) {
      const ifNoneMatch = parseTagCondition('If-None-Match', headers['If-None-Match']);
      const customer = await customers.get(path.customerId, readContext(headers, request));
      return customerReply(customer, ifNoneMatch);
    },

    async replaceCustomer({ path, query, headers, body, request }) {
      const command = replaceCommand(path.customerId, body, parsePrecondition(headers, requireIfMatch));
      const outcome = await customers.write(command, writeContext(request, query.validateOnly));
      if (outcome.validated) return { status: 200, body: outcome.body };
      if (!outcome.created) return { status: 200, headers: writeHeaders(outcome), body: outcome.body };
      return {
        status: 201,
        headers: { ...locationHeader(outcome), ...writeHeaders(outcome) },
        body: outcome.body,
      };
    },

    async updateCustomer({ path, query, headers, body, request }) {
      const command = updateCommand(path.customerId, body, parsePrecondition(headers, requireIfMatch));
      const outcome = await customers.write(command, writeContext(request, query.validateOnly));
      if (outcome.validated) return { status: 200, body: outcome.body };
      return { status: 200, headers: writeHeaders(outcome), body: outcome.body };
    },

    async deleteCustomer({ path, headers, request }) {
      const precondition = parsePrecondition(headers, requireIfMatch);
      const command = { kind: 'delete', id: path.customerId, precondition } as const;
      const outcome = await customers.write(command, writeContext(request));
      return { status: 204, headers: { 'Feed-Position': outcome.feedPosition } };
    },

    async restoreCustomer({ path, headers, request }) {
      const precondition = parsePrecondition(headers, false);
      const command = { kind: 'restore', id: path.customerId, precondition } as const;
      const outcome = await customers.write(command, keyedWriteContext(request));
      return { status: 200, headers: keyedWriteHeaders(outcome), body: outcome.body };
    },
  };
}

type ExternalIdOperations = 'getCustomerByExternalId' | 'upsertCustomerByExternalId';

/** Handlers of the operations on a customer by the id of the client's own system. */
export function externalIdHandlers({
  customers,
}: {
  readonly customers: CustomerStore;
}): Pick<Handlers<HandlerContext>, ExternalIdOperations> {
  return {
    async getCustomerByExternalId({ path, headers, request }) {
      const ifNoneMatch = parseTagCondition('If-None-Match', headers['If-None-Match']);
      const customer = await customers.getByExternalId(path.externalId, readContext(headers, request));
      return customerReply(customer, ifNoneMatch);
    },

    async upsertCustomerByExternalId({ path, query, headers, body, request }) {
      // Never requires If-Match: the client need not know whether the customer exists.
      const command = upsertCommand(path.externalId, body, parsePrecondition(headers, false));
      const outcome = await customers.write(command, keyedWriteContext(request, query.validateOnly));
      if (outcome.validated) return { status: 200, body: outcome.body };
      const replyHeaders = keyedWriteHeaders(outcome);
      if (!outcome.created) return { status: 200, headers: replyHeaders, body: outcome.body };
      return { status: 201, headers: { ...locationHeader(outcome), ...replyHeaders }, body: outcome.body };
    },
  };
}

/** The customer, or 304 if the client has its current version. */
function customerReply({ body, etag }: StoredCustomer, ifNoneMatch: TagCondition | undefined) {
  const headers = { ETag: etag, 'Cache-Control': cacheControl } as const;
  if (isNotModified(ifNoneMatch, etag)) return { status: 304, headers } as const;
  return { status: 200, headers, body } as const;
}

const historyDefaultLimit = 20;

/** Handler of a customer's version history. */
export function historyHandlers({
  histories,
}: {
  readonly histories: CustomerHistories;
}): Pick<Handlers<HandlerContext>, 'getCustomerHistory'> {
  return {
    async getCustomerHistory({ path, query, headers, request }) {
      const { limit = historyDefaultLimit, cursor } = query;
      const page = await histories.list(
        { customerId: path.customerId, limit, cursor },
        readContext(headers, request),
      );
      const replyHeaders = { 'Cache-Control': 'no-store', ...nextPageLink(request, page.nextCursor) };
      return { status: 200, headers: replyHeaders, body: page.body };
    },
  };
}

export interface ErasureHandlersDeps {
  readonly erasures: ErasureStore;
  readonly requireIfMatch: boolean;
}

/** Handler of the permanent erasure of a customer. */
export function erasureHandlers({
  erasures,
  requireIfMatch,
}: ErasureHandlersDeps): Pick<Handlers<HandlerContext>, 'eraseCustomer'> {
  return {
    async eraseCustomer({ path, headers, request }) {
      const precondition = parsePrecondition(headers, requireIfMatch);
      const outcome = await erasures.erase(path.customerId, precondition, keyedWriteContext(request));
      return {
        status: 200,
        headers: { 'Feed-Position': outcome.feedPosition, ...replayedHeader(outcome) },
        body: outcome.receipt,
      };
    },
  };
}
