import type { Handlers } from '../../contract/handler.ts';
import type { ChangeFeed } from '../../domain/change-feed.ts';
import type { HandlerContext } from '../dispatch.ts';
import type { StreamHub } from '../sse/hub.ts';
import { readContext } from './store-context.ts';

export interface ChangeHandlersDeps {
  readonly feed: ChangeFeed;
  readonly hub: StreamHub;
}

const defaultLimit = 100;
const noStore = { 'Cache-Control': 'no-store' };

/** Handler of the change feed: pages as JSON, or a live stream of server-sent events. */
export function changeHandlers({
  feed,
  hub,
}: ChangeHandlersDeps): Pick<Handlers<HandlerContext>, 'listChanges'> {
  return {
    async listChanges({ query, headers, accepts, request }) {
      const { after, limit = defaultLimit } = query;
      if (accepts === 'application/json') {
        const body = await feed.list({ after, limit }, readContext(headers, request));
        return { status: 200, headers: noStore, body };
      }
      const lastEventId = headers['Last-Event-ID'];
      const resumed = lastEventId !== undefined;
      const { principal } = request.context;
      const body = await hub.open(lastEventId ?? after, resumed ? 'Last-Event-ID' : 'after', principal);
      // nginx must not buffer the stream.
      const streamHeaders = { ...noStore, 'X-Accel-Buffering': 'no' } as const;
      return { status: 200, headers: streamHeaders, mediaType: accepts, body };
    },
  };
}
