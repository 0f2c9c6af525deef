import { setTimeout as pause } from 'node:timers/promises';
import type { ChangeEvent, ChangePage } from '../../contract/types.ts';
import {
  type ChangeFeed,
  type FeedChange,
  type FeedExtent,
  type FeedStart,
  startPosition,
} from '../../domain/change-feed.ts';
import { type Engine, greatestPosition, type ReadSource, type SqlValue } from '../engine/engine.ts';
import { rowLimit } from '../sql/columns.ts';
import type { Dialect } from '../sql/dialect.ts';
import { markRendered } from '../sql/projection.ts';
import { eventExpression, eventTypeExpression } from './events.ts';
import { extentColumns, readExtent } from './log.ts';

/** The greatest position that a column can hold; a decimal of the contract can be greater. */
const positionMax = 2n ** 63n - 1n;

interface PageRow extends FeedExtent {
  readonly items: string | null;
  readonly last: string | null;
}

interface ChangeRow extends FeedExtent {
  /** Null in the one row that stands for no change at all. */
  readonly position: string | null;
  readonly type: string;
  readonly event: string;
}

/**
 * Reads the feed. Each read is one statement, so that its rows and the extent that its position is held against
 * are of one moment: a change that retention removes meanwhile is refused, and never just left out.
 * @param source of pages; streams follow the engine itself.
 */
export function createChangeFeed(engine: Engine, news: FeedNews, source: ReadSource = engine): ChangeFeed {
  const statements = feedStatements(engine.dialect);

  return {
    async list({ after, limit }, minFeedPosition, trace) {
      const values = [boundOf(after), limit];
      const rows = await source.read((session) => session.run<PageRow>(statements.page, values), {
        // A copy that has not come to `after` would say that the feed has not.
        minFeedPosition: minFeedPosition && greatestPosition([minFeedPosition, positionOf(after)]),
        served: trace && [trace],
      });
      const row = firstOf(rows);
      const start = startPosition(after, row);
      return markRendered<ChangePage>(`{"items":[${row.items ?? ''}],"next":"${row.last ?? start}"}`);
    },
    async readAfter(position, limit) {
      const rows = await run<ChangeRow>(statements.changes, [boundOf(position), limit]);
      startPosition(position, firstOf(rows));
      return rows.flatMap(({ position, type, event }): FeedChange[] =>
        position === null ? [] : [{ position, type, event: markRendered<ChangeEvent>(event) }],
      );
    },
    extent: () => engine.read(readExtent),
    watch: (listener) => news.watch(listener),
  };

  function run<Row>(sql: string, values: readonly SqlValue[]): Promise<Row[]> {
    return engine.read((session) => session.run<Row>(sql, values));
  }
}

function feedStatements(dialect: Dialect) {
  const event = eventExpression(dialect);
  // Without a position the feed begins where retention has left it. `latest` is beyond every position.
  const page =
    'WITH page AS (SELECT changes.* FROM changes ' +
    `WHERE position > COALESCE(CAST(? AS ${dialect.columnTypes.integer}), (SELECT horizon FROM feed_head)) ` +
    `ORDER BY position LIMIT ${rowLimit})`;
  return {
    page:
      `${page} SELECT ${extentColumns}, ` +
      `(SELECT string_agg(${event}, ',' ORDER BY position) FROM page) AS items, ` +
      '(SELECT CAST(max(position) AS text) FROM page) AS last FROM feed_head',
    // One row at least, for the extent.
    changes:
      `${page}, rendered AS (SELECT position, ${eventTypeExpression} AS type, ${event} AS event FROM page) ` +
      `SELECT ${extentColumns}, CAST(rendered.position AS text) AS position, type, event ` +
      'FROM feed_head LEFT JOIN rendered ON true ORDER BY rendered.position',
  };
}

function positionOf(after: FeedStart): string {
  return after === undefined || after === 'latest' ? '0' : after;
}

/** What the statements take for a start. */
function boundOf(after: FeedStart): string | null {
  if (after === undefined) return null;
  if (after === 'latest' || BigInt(after) > positionMax) return String(positionMax);
  return after;
}

function firstOf<Row>([row]: readonly Row[]): Row {
  if (!row) throw new Error('The table feed_head does not hold its row.');
  return row;
}

/** How late the commits of other processes may be noticed. */
const pollIntervalMs = 100;

/** Tells those who watch that there may be new changes. */
export interface FeedNews {
  /** @returns ends the watch. */
  watch(listener: () => void): () => void;
  /** This process has committed a transaction, or cannot be sure that it has not. */
  committed(): void;
}

/**
 * Own commits are told at once. Those of other processes are found by looking at the one row of `feed_head`, and
 * only while somebody watches. (LISTEN would find them sooner, but every NOTIFY takes a lock of the whole cluster
 * until its transaction has ended, needs a connection of its own, and is lost behind a pooler.)
 */
export function createFeedNews(engine: Engine): FeedNews {
  const listeners = new Set<() => void>();
  let polling = false;

  function tell(): void {
    for (const listener of listeners) listener();
  }

  async function poll(): Promise<void> {
    polling = true;
    let known: string | undefined;
    while (listeners.size > 0) {
      // A database that cannot be reached now is asked again.
      const extent = await engine.read(readExtent).catch(() => undefined);
      if (extent && extent.head !== known) {
        known = extent.head;
        tell();
      }
      await pause(pollIntervalMs, undefined, { ref: false });
    }
    polling = false;
  }

  return {
    watch(listener) {
      listeners.add(listener);
      if (engine.dialect.servedByMany && !polling) void poll();
      return () => void listeners.delete(listener);
    },
    committed: tell,
  };
}
