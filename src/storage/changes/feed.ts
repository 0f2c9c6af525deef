import type { ChangeEvent, ChangePage } from '../../contract/types.ts';
import {
  type ChangeFeed,
  type FeedBounds,
  type FeedChange,
  type FeedStart,
  startPosition,
} from '../../domain/change-feed.ts';
import { tracedAmong } from '../../domain/context.ts';
import { greatestPosition, type ReadSource } from '../engine/engine.ts';
import { rowLimit } from '../sql/columns.ts';
import type { Dialect } from '../sql/dialect.ts';
import { markRendered } from '../sql/projection.ts';
import { boundsColumns, feedHeadIn, readFeedBounds } from './change-log.ts';
import { eventExpression, eventTypeExpression } from './events.ts';
import type { CommitNotifier } from './notifier.ts';

/** The greatest value of a position column. The contract allows greater decimals. */
const positionMax = 2n ** 63n - 1n;

interface PageRow extends FeedBounds {
  readonly items: string | null;
  readonly last: string | null;
}

interface ChangeRow extends FeedBounds {
  /** Null in the only row of a page without changes. */
  readonly position: string | null;
  readonly type: string;
  readonly event: string;
}

export interface ChangeFeedSources {
  /** Reads the newest state. */
  readonly primary: ReadSource;
  /** Also reads from a replica when the caller allows it. */
  readonly source: ReadSource;
}

/**
 * Reads the feed. Each read gets changes and bounds with one statement, so that a change which retention removes at
 * the same time leads to a failure and not to a gap.
 */
export function createChangeFeed(
  { primary, source }: ChangeFeedSources,
  notifier: CommitNotifier,
): ChangeFeed {
  const statements = feedStatements(primary.dialect);

  return {
    async list({ after, limit }, context = {}) {
      const values = [bindStart(after), limit];
      const { minFeedPosition } = context;
      const rows = await source.read((session) => session.run<PageRow>(statements.page, values), {
        // A replica that is behind `after` would report it as ahead of the feed.
        minFeedPosition: minFeedPosition && greatestPosition([minFeedPosition, positionOf(after)]),
        traced: tracedAmong([context]),
      });
      const row = feedHeadIn(rows);
      const start = startPosition(after, row);
      return markRendered<ChangePage>(`{"items":[${row.items ?? ''}],"next":"${row.last ?? start}"}`);
    },
    async readAfter(position, limit) {
      const values = [bindStart(position), limit];
      const rows = await primary.read((session) => session.run<ChangeRow>(statements.changes, values));
      startPosition(position, feedHeadIn(rows));
      return rows.flatMap(({ position, type, event }): FeedChange[] =>
        position === null ? [] : [{ position, type, event: markRendered<ChangeEvent>(event) }],
      );
    },
    bounds: () => primary.read(readFeedBounds),
    watch: (listener) => notifier.watch(listener),
  };
}

function feedStatements(dialect: Dialect) {
  const event = eventExpression(dialect);
  const page =
    'WITH page AS (SELECT changes.* FROM changes ' +
    `WHERE position > COALESCE(CAST(? AS ${dialect.columnTypes.integer}), (SELECT horizon FROM feed_head)) ` +
    `ORDER BY position LIMIT ${rowLimit})`;
  return {
    page:
      `${page} SELECT ${boundsColumns}, ` +
      `(SELECT string_agg(${event}, ',' ORDER BY position) FROM page) AS items, ` +
      '(SELECT CAST(max(position) AS text) FROM page) AS last FROM feed_head',
    // The outer join returns one row without changes, for the bounds.
    changes:
      `${page}, rendered AS (SELECT position, ${eventTypeExpression} AS type, ${event} AS event FROM page) ` +
      `SELECT ${boundsColumns}, CAST(rendered.position AS text) AS position, type, event ` +
      'FROM feed_head LEFT JOIN rendered ON true ORDER BY rendered.position',
  };
}

function positionOf(after: FeedStart): string {
  return after === undefined || after === 'latest' ? '0' : after;
}

/** The start as a parameter: null for the horizon, a position beyond all others for `latest`. */
function bindStart(after: FeedStart): string | null {
  if (after === undefined) return null;
  if (after === 'latest' || BigInt(after) > positionMax) return String(positionMax);
  return after;
}
