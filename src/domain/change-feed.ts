import type { ChangeEvent, ChangePage, CustomerHistory, Rendered } from '../contract/types.ts';
import type { TracedRequest } from './context.ts';
import { Failure } from './failures.ts';

/**
 * Every change of every customer, numbered in the order of the commits and without gaps: a reader that goes on
 * from the last position that it has seen misses none. Every promise may reject with Failure `unavailable`.
 */
export interface ChangeFeed {
  /**
   * One page.
   * @param minFeedPosition as of a {@link CustomerStore}: the page may lack what came after it.
   * Rejects as {@link checkPosition}.
   */
  list(query: ChangeQuery, minFeedPosition?: string, trace?: TracedRequest): Promise<Rendered<ChangePage>>;

  /**
   * The changes after a position, each rendered by itself, at most `limit`; none at the end of the feed.
   * Rejects with Failure `feed_position_gone` or `feed_position_ahead`.
   */
  readAfter(position: string, limit: number): Promise<readonly FeedChange[]>;

  /** How far the feed reaches now. */
  extent(): Promise<FeedExtent>;

  /**
   * Calls the listener soon after changes were committed, by whatever process: at once for this one's own. It may
   * call in vain, and it costs the database nothing while nobody watches.
   * @returns ends the watch.
   */
  watch(listener: () => void): () => void;
}

/** How customers came to be what they are. */
export interface CustomerHistories {
  /**
   * One page of a customer's history, newest first.
   * @param minFeedPosition as of a {@link CustomerStore}.
   * Rejects with Failure `customer_not_found` for an id that never existed, `invalid_cursor`, or `unavailable`.
   */
  list(query: HistoryQuery, minFeedPosition?: string, trace?: TracedRequest): Promise<HistoryPage>;
}

/** Where a reader begins: after a position, at the end, or (undefined) at the oldest change that is kept. */
export type FeedStart = string | 'latest' | undefined;

export interface ChangeQuery {
  readonly after: FeedStart;
  readonly limit: number;
}

/** Positions are 64-bit counters in decimal: beyond what a number holds exactly. */
export interface FeedExtent {
  /** The newest position; `0` when there was no change yet. */
  readonly head: string;
  /** The last position that retention has removed; `0` when it has removed none. */
  readonly horizon: string;
}

export interface FeedChange {
  readonly position: string;
  /** The type of the event, such as `customer.updated`. */
  readonly type: string;
  readonly event: Rendered<ChangeEvent>;
}

export interface HistoryQuery {
  readonly customerId: string;
  readonly limit: number;
  readonly cursor: string | undefined;
}

export interface HistoryPage {
  readonly body: Rendered<CustomerHistory>;
  /** The cursor that `body.nextCursor` holds. */
  readonly nextCursor: string | null;
}

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
