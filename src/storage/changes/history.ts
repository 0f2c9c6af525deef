import type { CustomerHistory } from '../../contract/types.ts';
import type { CustomerHistories } from '../../domain/change-feed.ts';
import { notFound } from '../../domain/commands.ts';
import { tracedAmong } from '../../domain/context.ts';
import type { CursorCodec } from '../customers/cursors.ts';
import type { ReadSource } from '../engine/engine.ts';
import type { Dialect } from '../sql/dialect.ts';
import { markRendered } from '../sql/projection.ts';
import { prepare, raw, rowCount, run, sql } from '../sql/sql.ts';
import { entryExpression } from './events.ts';

interface Row {
  readonly items: string | null;
  readonly count: number | string;
  /** The version of the page's last entry. */
  readonly last: string | null;
  /** The customer's current version; null when it never existed. */
  readonly current: number | string | null;
  /** The oldest version in the log; null when it has none. */
  readonly oldest: number | string | null;
}

/** Reads a customer's history by keyset pages that the database renders. */
export function createCustomerHistories(source: ReadSource, cursors: CursorCodec): CustomerHistories {
  const pageOf = historyStatement(source.dialect);

  return {
    async list({ customerId, limit, cursor }, context = {}) {
      const identity = JSON.stringify(['history', customerId]);
      const before = cursor === undefined ? null : (cursors.decode(identity, cursor)[0] ?? null);
      const statement = pageOf({ customerId, before, limit, fetched: limit + 1 });
      const [row] = await source.read((session) => run<Row>(session, statement), {
        minFeedPosition: context.minFeedPosition,
        traced: tracedAmong([context]),
      });
      if (!row || (row.current === null && row.oldest === null)) throw notFound();
      const hasMore = Number(row.count) > limit;
      const nextCursor = hasMore ? cursors.encode(identity, [row.last ?? '', '']) : null;
      const members = [
        `"items":[${row.items ?? ''}]`,
        `"nextCursor":${JSON.stringify(nextCursor)}`,
        `"truncatedBefore":${truncatedBefore(row)}`,
      ];
      return { body: markRendered<CustomerHistory>(`{${members.join(',')}}`), nextCursor };
    },
  };
}

/** Versions have no gaps, so an oldest entry above version 1 means that retention removed earlier ones. */
function truncatedBefore({ oldest, current }: Row): number | null {
  const oldestKept = oldest === null ? Number(current) + 1 : Number(oldest);
  return oldestKept > 1 ? oldestKept : null;
}

/** Selects one row: the rendered entries, their count, and the customer's current and oldest versions. */
function historyStatement(dialect: Dialect) {
  const entry = raw(entryExpression(dialect));
  const integer = raw(dialect.columnTypes.integer);
  // Greater than every version, for a page without a cursor.
  const noBound = raw('9223372036854775807');
  return prepare(
    ['customerId', 'before', 'limit', 'fetched'],
    ({ customerId, before, limit, fetched }) => sql`
      WITH page AS (
        SELECT changes.* FROM changes
        WHERE customer_id = ${customerId} AND version < COALESCE(CAST(${before} AS ${integer}), ${noBound})
        ORDER BY version DESC LIMIT ${rowCount(fetched)}
      ), numbered AS (SELECT page.*, row_number() OVER (ORDER BY version DESC) AS place FROM page)
      SELECT
        string_agg(${entry}, ',' ORDER BY place) FILTER (WHERE place <= ${rowCount(limit)}) AS items,
        count(*) AS count,
        max(CASE WHEN place = ${rowCount(limit)} THEN CAST(version AS text) END) AS last,
        COALESCE(
          (SELECT version FROM customers WHERE id = ${customerId}),
          (SELECT version FROM erasures WHERE customer_id = ${customerId})
        ) AS current,
        (SELECT min(version) FROM changes WHERE customer_id = ${customerId}) AS oldest
      FROM numbered`,
  );
}
