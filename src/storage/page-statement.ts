import type { ListQuery } from '../domain/ports.ts';
import type { Position } from './cursors.ts';
import type { Condition, Selection } from './customer-filters.ts';
import { whereClause } from './customer-filters.ts';
import type { Dialect } from './dialect.ts';
import type { Session } from './engine.ts';
import { customerExpression } from './rendering.ts';

/** What a page is read from, and by which columns it is ordered: together they make every position unique. */
export interface PageSource {
  readonly selection: Selection;
  readonly columns: readonly string[];
  /** All that it is a page of. */
  readonly counted: Selection;
}

/** How much is read of it, in which direction, and what stands between two customers: a comma when absent. */
export interface PageExtent extends Pick<ListQuery, 'descending' | 'limit'> {
  readonly separator?: string;
}

/** A page as the database has rendered it. */
export interface ListedPage {
  /** Customers as JSON, separated as was asked for. */
  readonly items: string;
  /** How many were found, one more than the page holds included. */
  readonly count: number;
  /** Whether there is a page after this one, and where this one ends. */
  readonly more: boolean;
  readonly end: Position;
  readonly counted: Selection;
}

interface PageRow {
  readonly items: string | null;
  readonly count: number | string;
  readonly [last: `last_${number}`]: string | null;
}

/** Reads the first customers of a selection, rendered by the database. */
export async function readPage(
  session: Session,
  dialect: Dialect,
  { selection, columns, counted }: PageSource,
  extent: PageExtent,
): Promise<ListedPage> {
  const { limit } = extent;
  const { sql, values } = pageStatement(selection, columns, extent, dialect);
  const [row] = await session.run<PageRow>(sql, values);
  const count = Number(row?.count ?? 0);
  const end = columns.map((_, index) => row?.[`last_${index}`] ?? '');
  return { items: row?.items ?? '', count, more: count > limit, end, counted };
}

/** One row with the rendered items, whether there is one more than asked for, and where the page ends. */
function pageStatement(
  { from, fromValues = [], conditions }: Selection,
  columns: readonly string[],
  { descending, limit, separator = ',' }: PageExtent,
  dialect: Dialect,
): Condition {
  const where = whereClause(conditions);
  const ordered = (names: readonly string[]) =>
    names.map((name) => `${name} ${descending ? 'DESC' : 'ASC'}`).join(', ');
  const keys = columns.map((column, index) => `${column} AS key_${index}`);
  const keyNames = columns.map((_, index) => `key_${index}`);
  const ends = keyNames.map(
    (key, index) => `max(CASE WHEN place = ? THEN CAST(${key} AS text) END) AS last_${index}`,
  );
  const sql =
    `WITH page AS (SELECT customers.*, ${keys.join(', ')} FROM ${from}${where.sql} ` +
    `ORDER BY ${ordered(columns)} LIMIT ?), ` +
    `numbered AS (SELECT page.*, row_number() OVER (ORDER BY ${ordered(keyNames)}) AS place FROM page) ` +
    `SELECT string_agg(${customerExpression(dialect, 'numbered')}, '${separator}' ORDER BY place) ` +
    `FILTER (WHERE place <= ?) AS items, count(*) AS count, ${ends.join(', ')} FROM numbered`;
  return { sql, values: [...fromValues, ...where.values, limit + 1, limit, ...ends.map(() => limit)] };
}
