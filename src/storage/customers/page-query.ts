import type { ListQuery } from '../../domain/customer-store.ts';
import type { Session } from '../engine/engine.ts';
import { rowLimit } from '../sql/columns.ts';
import type { Dialect } from '../sql/dialect.ts';
import { customerExpression } from '../sql/projection.ts';
import { join, raw, type Statement, sql } from '../sql/sql.ts';
import type { Position } from './cursors.ts';

/** How to find one page of customers. */
export interface QueryPlan {
  /** The customers from the start of the page. */
  readonly selection: Selection;
  /** The columns to order by. Together they are unique. */
  readonly orderColumns: readonly string[];
  /** The customers of all pages, for the total. */
  readonly allPages: Selection;
}

/** The FROM and WHERE of a query. */
export interface Selection {
  readonly from: Statement;
  readonly conditions: readonly Statement[];
  /** The order that the query plan depends on, even when rows are only counted. */
  readonly orderBy?: string;
}

export interface PageOptions extends Pick<ListQuery, 'descending' | 'limit'> {
  /** Whether customers are separated by commas or each followed by a line feed. */
  readonly layout: 'list' | 'lines';
}

/** A page that the database has rendered. */
export interface RenderedPage {
  /** Customers as JSON in UTF-8. */
  readonly items: Uint8Array;
  /** The number of rows found, at most one more than the page holds. */
  readonly count: number;
  readonly hasMore: boolean;
  /** The position of the last customer on the page. */
  readonly end: Position;
}

/** A page with the plan that found it. */
export interface PlannedPage {
  readonly page: RenderedPage;
  readonly plan: QueryPlan;
}

interface PageRow {
  readonly items: string | Uint8Array | null;
  readonly count: number | string;
  readonly [last: `last_${number}`]: string | null;
}

/** Reads and renders one page with a single statement. */
export async function readPage(
  session: Session,
  dialect: Dialect,
  plan: QueryPlan,
  options: PageOptions,
): Promise<RenderedPage> {
  const statement = pageStatement(plan, options, dialect);
  const [row] = await session.run<PageRow>(statement.sql, statement.values);
  const items = row?.items ?? '';
  const count = Number(row?.count ?? 0);
  return {
    items: typeof items === 'string' ? Buffer.from(items) : items,
    count,
    hasMore: count > options.limit,
    end: plan.orderColumns.map((_, index) => row?.[`last_${index}`] ?? ''),
  };
}

/** Caches page statements by everything that determines their text, which is too long to build for each request. */
const texts = new Map<string, string>();
/** Filters and sorts combine to few shapes in practice, but to thousands in theory. */
const textsMax = 1000;

function pageStatement(
  { selection: { from, conditions }, orderColumns }: QueryPlan,
  { descending, limit, layout }: PageOptions,
  dialect: Dialect,
): Statement {
  const where = whereClause(conditions);
  const shape = [dialect.name, from.sql, where.sql, ...orderColumns, descending, layout].join('\n');
  const text =
    texts.get(shape) ?? pageText(`${from.sql}${where.sql}`, orderColumns, { descending, layout }, dialect);
  if (texts.size < textsMax) texts.set(shape, text);
  const lastRow = limit - 1;
  const limits = [limit + 1, limit, ...orderColumns.map(() => lastRow)];
  return { sql: text, values: [...from.values, ...where.values, ...limits] };
}

const joins = { list: "string_agg(item, ',')", lines: "string_agg(item, '\n') || '\n'" } as const;

/**
 * The query finds the keys of the page first and renders only those. It relies on both databases reading a
 * materialized common table expression in the order in which it was built.
 */
function pageText(
  fromWhere: string,
  orderColumns: readonly string[],
  { descending, layout }: Pick<PageOptions, 'descending' | 'layout'>,
  dialect: Dialect,
): string {
  const order = orderColumns.map((name) => `${name} ${descending ? 'DESC' : 'ASC'}`).join(', ');
  const keys = orderColumns.map((column, index) => `${column} AS key_${index}`).join(', ');
  const ends = orderColumns.map(
    (_, index) => `(SELECT CAST(key_${index} AS text) FROM page LIMIT 1 OFFSET ${rowLimit}) AS last_${index}`,
  );
  const item =
    `(SELECT ${customerExpression(dialect, 'customers')} FROM customers ` +
    'WHERE customers.ordinal = page.number)';
  return (
    `WITH page AS MATERIALIZED (SELECT customers.ordinal AS number, ${keys} FROM ${fromWhere} ` +
    `ORDER BY ${order} LIMIT ${rowLimit}) ` +
    `SELECT (SELECT ${dialect.encoded(joins[layout])} FROM ` +
    `(SELECT ${item} AS item FROM page LIMIT ${rowLimit}) AS items) AS items, ` +
    `(SELECT count(*) FROM page) AS count, ${ends.join(', ')}`
  );
}

/** Joins conditions to a WHERE clause; empty without conditions. */
export function whereClause(conditions: readonly Statement[]): Statement {
  return conditions.length === 0 ? raw('') : sql` WHERE ${join(conditions, ' AND ')}`;
}
