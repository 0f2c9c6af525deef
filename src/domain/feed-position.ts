import type { FeedExtent, FeedStart } from './change-feed.ts';
import { Failure } from './failures.ts';

/** What the resynchronisation is told by, wherever a position is refused. */
const remedy = 'Read all customers anew, and follow from the position of that.';

/**
 * The position that a reader begins after.
 * @param parameter where the caller said it, for the problem's `errors`.
 * @throws Failure `feed_position_gone` when changes after it were removed: what is left would not add up;
 * `feed_position_ahead` when the feed has not come to it, so that it is from another database, or this one was
 * restored from a backup.
 */
export function startPosition(after: FeedStart, { head, horizon }: FeedExtent, parameter = 'after'): string {
  if (after === undefined) return horizon;
  if (after === 'latest') return head;
  const position = BigInt(after);
  if (position < BigInt(horizon)) {
    throw new Failure(
      'feed_position_gone',
      `Changes after this position have been removed by retention. ${remedy}`,
      {
        errors: [{ parameter, detail: 'must not lie before the oldest change that is kept' }],
      },
    );
  }
  if (position > BigInt(head)) {
    throw new Failure(
      'feed_position_ahead',
      'The feed has not come to this position yet: it is from another database, or this one was restored from a ' +
        `backup. ${remedy}`,
      { errors: [{ parameter, detail: 'must not lie ahead of the feed' }] },
    );
  }
  return String(position);
}
