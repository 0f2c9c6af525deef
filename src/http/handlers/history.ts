import type { Handlers } from '../../contract/handler.ts';
import type { CustomerHistories } from '../../domain/change-feed.ts';
import type { HandlerContext } from '../dispatch.ts';
import { nextLink } from './customer-list.ts';

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
