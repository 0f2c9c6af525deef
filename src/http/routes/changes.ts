import type { Handlers } from '../../contract/handler.ts';
import type { ChangeFeed } from '../../domain/change-feed.ts';
import type { HandlerContext } from '../dispatch.ts';
import type { FeedStreams } from '../sse/hub.ts';

export interface ChangeHandlersOptions {
  readonly feed: ChangeFeed;
  readonly streams: FeedStreams;
}

const defaultLimit = 100;
const noStore = { 'Cache-Control': 'no-store' };

/** The change feed, by pages and as it grows. */
export function changeHandlers({
  feed,
  streams,
}: ChangeHandlersOptions): Pick<Handlers<HandlerContext>, 'listChanges'> {
  return {
    async listChanges({ query, headers, accepts, request }) {
      const { after, limit = defaultLimit } = query;
      if (accepts === 'application/json') {
        const body = await feed.list({ after, limit }, headers['Min-Feed-Position'], request.context.trace);
        return { status: 200, headers: noStore, body };
      }
      const lastEventId = headers['Last-Event-ID'];
      const resumed = lastEventId !== undefined;
      const { principal } = request.context;
      const body = await streams.open(lastEventId ?? after, resumed ? 'Last-Event-ID' : 'after', principal);
      return { status: 200, headers: { ...noStore, 'X-Accel-Buffering': 'no' }, mediaType: accepts, body };
    },
  };
}
