import type { CustomerList } from '../contract/types.ts';
import type { CustomerPage, ListQuery, SortKey } from '../domain/ports.ts';
import type { CursorSealer, Position } from './cursors.ts';
import type { Condition, Selection } from './customer-filters.ts';
import { selectionFor, whereClause } from './customer-filters.ts';
import type { Dialect } from './dialect.ts';
import type { Engine, Session } from './engine.ts';
import { customerExpression, markRendered } from './rendering.ts';

/** A total is exact up to this many: counting on would cost more than it tells. */
const exactTotalMax = 10_000;

/** What each sort orders by. The tie-break makes every position unique; each pair has its index. */
const sortColumns: Readonly<Record<SortKey, readonly [key: string, tieBreak: 'ordinal' | 'id']>> = {
  createdAt: ['created_at', 'ordinal'],
  updatedAt: ['updated_at', 'ordinal'],
  name: ['name_key', 'id'],
};

export interface PageRow {
  readonly items: string | null;
  readonly count: number | string;
  readonly last_key: string | null;
  readonly last_tie_break: string | null;
}

/**
 * Pages by keyset: a page begins after the position where the last one ended, so that rows which come and go
 * meanwhile never make a customer appear twice or not at all. The database renders the whole page.
 */
export function createCustomerPages(
  engine: Engine,
  cursors: CursorSealer,
): (query: ListQuery) => Promise<CustomerPage> {
  return async (query) => {
    const identity = queryIdentity(query);
    const after = query.cursor === undefined ? undefined : cursors.open(identity, query.cursor);
    const selection = selectionFor(query.filters, engine.dialect);
    const page = pageStatement(query, selection, after, engine.dialect);
    const { row, total } = await engine.read(async (session) => ({
      row: (await session.run<PageRow>(page.sql, page.values))[0],
      total: query.includeTotal ? await countUpTo(session, selection) : undefined,
    }));
    const more = Number(row?.count ?? 0) > query.limit;
    const last: Position = [row?.last_key ?? '', row?.last_tie_break ?? ''];
    const nextCursor = more ? cursors.seal(identity, last) : null;
    return { body: renderPage(row?.items ?? '', nextCursor, total), nextCursor };
  };
}

/** What a cursor is bound to: everything that decides which customers come in which order. */
function queryIdentity({ filters, sortKey, descending }: ListQuery): string {
  return JSON.stringify([sortKey, descending, Object.entries(filters).sort()]);
}

/** One row with the rendered items, whether there is one more than asked for, and where the page ends. */
export function pageStatement(
  query: Pick<ListQuery, 'filters' | 'sortKey' | 'descending' | 'limit'>,
  { from, conditions }: Selection,
  after: Position | undefined,
  dialect: Dialect,
  separator = ',',
): Condition {
  const [keyColumn, tieBreakColumn] = sortColumns[query.sortKey];
  const direction = query.descending ? 'DESC' : 'ASC';
  // Narrowed by tag, the newest come first from the tags' own index.
  const source = query.sortKey === 'createdAt' && query.filters.tag !== undefined ? 'tagged' : 'customers';
  const key = `${source}.${keyColumn}`;
  const tieBreak = `${source}.${tieBreakColumn}`;
  const where = whereClause([...conditions, ...positionCondition(key, tieBreak, query.descending, after)]);
  const sql =
    `WITH page AS (SELECT customers.*, ${key} AS sort_key, ${tieBreak} AS tie_break FROM ${from}${where.sql} ` +
    `ORDER BY ${key} ${direction}, ${tieBreak} ${direction} LIMIT ?), ` +
    'numbered AS (SELECT page.*, row_number() ' +
    `OVER (ORDER BY sort_key ${direction}, tie_break ${direction}) AS place FROM page) ` +
    `SELECT string_agg(${customerExpression(dialect, 'numbered')}, '${separator}' ORDER BY place) ` +
    'FILTER (WHERE place <= ?) AS items, count(*) AS count, ' +
    'max(CASE WHEN place = ? THEN sort_key END) AS last_key, ' +
    'max(CASE WHEN place = ? THEN CAST(tie_break AS text) END) AS last_tie_break FROM numbered';
  const { limit } = query;
  return { sql, values: [...where.values, limit + 1, limit, limit, limit] };
}

function positionCondition(
  key: string,
  tieBreak: string,
  descending: boolean,
  after: Position | undefined,
): Condition[] {
  if (!after) return [];
  const [keyValue, tieBreakValue] = after;
  const sql = `(${key}, ${tieBreak}) ${descending ? '<' : '>'} (?, ?)`;
  return [{ sql, values: [keyValue, tieBreak.endsWith('.ordinal') ? Number(tieBreakValue) : tieBreakValue] }];
}

async function countUpTo(session: Session, { from, conditions }: Selection): Promise<number> {
  const where = whereClause(conditions);
  const sql = `SELECT count(*) AS count FROM (SELECT 1 FROM ${from}${where.sql} LIMIT ?) AS counted`;
  const [row] = await session.run<{ count: number | string }>(sql, [...where.values, exactTotalMax + 1]);
  return Number(row?.count ?? 0);
}

function renderPage(items: string, nextCursor: string | null, total: number | undefined) {
  const totals =
    total === undefined
      ? ''
      : `,"total":${Math.min(total, exactTotalMax)},"totalIsExact":${total <= exactTotalMax}`;
  return markRendered<CustomerList>(
    `{"items":[${items}],"nextCursor":${JSON.stringify(nextCursor)}${totals}}`,
  );
}
