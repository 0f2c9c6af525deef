import type { CustomerHistory } from '../../contract/types.ts';
import type { CustomerHistories } from '../../domain/change-feed.ts';
import { notFound } from '../../domain/commands.ts';
import type { CursorSealer } from '../customers/cursors.ts';
import type { ReadSource } from '../engine/engine.ts';
import { rowLimit } from '../sql/columns.ts';
import type { Dialect } from '../sql/dialect.ts';
import { markRendered } from '../sql/projection.ts';
import { entryExpression } from './events.ts';

interface Row {
  readonly items: string | null;
  readonly count: number | string;
  /** The version of the page's last entry. */
  readonly last: string | null;
  /** The customer's version now; null where there is no such customer. */
  readonly current: number | string | null;
  /** The oldest version with an entry; null where none is left. */
  readonly oldest: number | string | null;
}

/** A customer's history by keyset pages, rendered by the database, from the changes that are kept of it. */
export function createCustomerHistories(
  source: ReadSource,
  cursors: CursorSealer,
): CustomerHistories['list'] {
  const sql = historyStatement(source.dialect);

  return async ({ customerId, limit, cursor }, minFeedPosition, trace) => {
    const identity = JSON.stringify(['history', customerId]);
    const before = cursor === undefined ? null : (cursors.open(identity, cursor)[0] ?? null);
    const values = [customerId, before, limit + 1, limit, limit, customerId, customerId, customerId];
    const [row] = await source.read((session) => session.run<Row>(sql, values), {
      minFeedPosition,
      served: trace && [trace],
    });
    if (!row || (row.current === null && row.oldest === null)) throw notFound();
    const more = Number(row.count) > limit;
    const nextCursor = more ? cursors.seal(identity, [row.last ?? '', '']) : null;
    const members = [
      `"items":[${row.items ?? ''}]`,
      `"nextCursor":${JSON.stringify(nextCursor)}`,
      `"truncatedBefore":${truncatedBefore(row)}`,
    ];
    return { body: markRendered<CustomerHistory>(`{${members.join(',')}}`), nextCursor };
  };
}

/** Versions are without gaps, so that the oldest entry tells whether there were others before it. */
function truncatedBefore({ oldest, current }: Row): number | null {
  const oldestKept = oldest === null ? Number(current) + 1 : Number(oldest);
  return oldestKept > 1 ? oldestKept : null;
}

/** One row with the rendered entries, whether there is one more than asked for, and what the customer has at all. */
function historyStatement(dialect: Dialect): string {
  const { integer } = dialect.columnTypes;
  return (
    'WITH page AS (SELECT changes.* FROM changes WHERE customer_id = ? ' +
    // Beyond every version where there is no cursor.
    `AND version < COALESCE(CAST(? AS ${integer}), 9223372036854775807) ORDER BY version DESC LIMIT ${rowLimit}), ` +
    'numbered AS (SELECT page.*, row_number() OVER (ORDER BY version DESC) AS place FROM page) ' +
    `SELECT string_agg(${entryExpression(dialect)}, ',' ORDER BY place) FILTER (WHERE place <= ${rowLimit}) AS items, ` +
    `count(*) AS count, max(CASE WHEN place = ${rowLimit} THEN CAST(version AS text) END) AS last, ` +
    // An erased customer has left its table, and retention may have removed all its entries.
    'COALESCE((SELECT version FROM customers WHERE id = ?), ' +
    '(SELECT version FROM erasures WHERE customer_id = ?)) AS current, ' +
    '(SELECT min(version) FROM changes WHERE customer_id = ?) AS oldest FROM numbered'
  );
}
