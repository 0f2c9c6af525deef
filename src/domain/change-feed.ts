import type { ChangeEvent, ChangePage, CustomerHistory, Rendered } from '../contract/types.ts';
import type { ReadContext } from './context.ts';
import { Failure } from './failures.ts';

/**
 * All changes of all customers, numbered without gaps in commit order: reading on from the last position seen
 * misses none. Every method may reject with Failure `unavailable`.
 */
export interface ChangeFeed {
  /** Returns one page of changes. Rejects with the failures of {@link startPosition}. */
  list(query: ChangeQuery, context?: ReadContext): Promise<Rendered<ChangePage>>;

  /**
   * Returns up to `limit` changes after a position, each rendered separately; none at the end of the feed.
   * Rejects with the failures of {@link startPosition}.
   */
  readAfter(position: string, limit: number): Promise<readonly FeedChange[]>;

  /** Returns the first and last positions that the feed holds. */
  bounds(): Promise<FeedBounds>;

  /**
   * Calls the listener after changes are committed: at once for this process, within a poll interval for others. It
   * may also call when nothing changed.
   * @returns a function that unsubscribes.
   */
  watch(listener: () => void): () => void;
}

/** The version history of each customer. */
export interface CustomerHistories {
  /**
   * Returns one page of a customer's history, newest first.
   * Rejects with Failure `customer_not_found` for an id that never existed, `invalid_cursor`, or `unavailable`.
   */
  list(query: HistoryQuery, context?: ReadContext): Promise<HistoryPage>;
}

/** Where to start reading: after a position, at the end, or (undefined) at the oldest change that is kept. */
export type FeedStart = string | 'latest' | undefined;

export interface ChangeQuery {
  readonly after: FeedStart;
  readonly limit: number;
}

/** The range of positions in the feed. Positions are 64-bit integers in decimal, too large for a number. */
export interface FeedBounds {
  /** The newest position; `0` before the first change. */
  readonly head: string;
  /** The last position that retention has removed; `0` if none. */
  readonly horizon: string;
}

/** One change, rendered as a CloudEvent. */
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

/** A page of a customer's history, rendered for the response. */
export interface HistoryPage {
  readonly body: Rendered<CustomerHistory>;
  /** The cursor that `body.nextCursor` holds. */
  readonly nextCursor: string | null;
}

const remedy = 'Take a new position, read all customers again, and follow the feed from that position.';

/**
 * Resolves a start to the position to read after.
 * @param parameter the request parameter that held the start, for the problem's `errors`.
 * @throws Failure `feed_position_gone` if retention has removed changes after the position; `feed_position_ahead` if the position is beyond the end of the feed, because it comes from another database or this one was restored from a backup.
 */
export function startPosition(after: FeedStart, { head, horizon }: FeedBounds, parameter = 'after'): string {
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
