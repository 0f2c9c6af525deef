import type { CustomerList } from '../../contract/types.ts';
import { type TracedRequest, tracedAmong } from '../../domain/context.ts';
import type { CustomerPage, CustomerStore, ListQuery, SortKey } from '../../domain/customer-store.ts';
import { shareEqualReads } from '../engine/batching.ts';
import type { ReadSource, Session } from '../engine/engine.ts';
import { rowLimit } from '../sql/columns.ts';
import type { Dialect } from '../sql/dialect.ts';
import { joinRendered } from '../sql/projection.ts';
import type { CursorSealer, Position } from './cursors.ts';
import {
  type Condition,
  type ListedPage,
  type PageSource,
  readPage,
  type Selection,
  selectionFor,
  whereClause,
} from './page-query.ts';
import { explainSlowSearch, readSearchPage } from './search.ts';

/** A total is exact up to this many: counting on would cost more than it tells. */
const exactTotalMax = 10_000;

/** What each sort orders by. The tie-break makes every position unique; each pair has its index. */
const sortColumns: Readonly<Record<SortKey, readonly [key: string, tieBreak: 'ordinal' | 'id']>> = {
  createdAt: ['created_at', 'ordinal'],
  updatedAt: ['updated_at', 'ordinal'],
  name: ['name_key', 'id'],
};

/**
 * Pages by keyset: a page begins after the position where the last one ended, so that rows which come and go
 * meanwhile never make a customer appear twice or not at all. The database renders the whole page.
 */
export function createCustomerPages(source: ReadSource, cursors: CursorSealer): CustomerStore['list'] {
  const read = shareEqualReads(readTogether);

  async function readTogether(reads: readonly PageRead[]): Promise<CustomerPage> {
    const [{ query, identity, after, minFeedPosition }] = reads as readonly [PageRead];
    const { page, total } = await source
      .read((session) => pageAndTotal(session, source.dialect, query, after), {
        minFeedPosition,
        served: tracedAmong(reads),
      })
      .catch((error) => {
        throw query.filters.q === undefined ? error : explainSlowSearch(error, source.dialect);
      });
    const nextCursor = page.more ? cursors.seal(identity, page.end) : null;
    return { body: renderPage(page.items, nextCursor, total), nextCursor };
  }

  return async (query, minFeedPosition, trace) => {
    const identity = queryIdentity(query);
    const { cursor, limit, includeTotal } = query;
    const after = cursor === undefined ? undefined : cursors.open(identity, cursor);
    const key = JSON.stringify([identity, cursor, limit, includeTotal, minFeedPosition]);
    return read(key, { query, identity, after, minFeedPosition, trace });
  };
}

/** Reads that have the same key differ in their trace alone. */
interface PageRead {
  readonly query: ListQuery;
  readonly identity: string;
  readonly after: Position | undefined;
  readonly minFeedPosition: string | undefined;
  readonly trace: TracedRequest | undefined;
}

async function pageAndTotal(
  session: Session,
  dialect: Dialect,
  query: ListQuery,
  after: Position | undefined,
) {
  const read = query.filters.q === undefined ? readSortedPage : readSearchPage;
  const page = await read(session, dialect, query, after);
  return { page, total: query.includeTotal ? await countUpTo(session, page.counted) : undefined };
}

/** What a cursor is bound to: everything that decides which customers come in which order. */
function queryIdentity({ filters, sortKey, descending }: ListQuery): string {
  // To leave deleted customers out is the default: said or not, it is the same query.
  const { includeDeleted, ...others } = filters;
  return JSON.stringify([sortKey, descending, includeDeleted === true, Object.entries(others).sort()]);
}

function readSortedPage(
  session: Session,
  dialect: Dialect,
  query: ListQuery,
  after: Position | undefined,
): Promise<ListedPage> {
  return readPage(session, dialect, sortedSource(dialect, query, after), { ...query, layout: 'list' });
}

/** What a page is read from in one of the orders that have an index. */
export function sortedSource(
  dialect: Dialect,
  query: Pick<ListQuery, 'filters' | 'sortKey' | 'descending'>,
  after: Position | undefined,
): PageSource {
  const [keyColumn, tieBreakColumn] = sortColumns[query.sortKey];
  // Narrowed by tag, the newest come first from the tags' own index.
  const source = query.sortKey === 'createdAt' && query.filters.tag !== undefined ? 'tagged' : 'customers';
  const key = `${source}.${keyColumn}`;
  const tieBreak = `${source}.${tieBreakColumn}`;
  const counted = selectionFor(query.filters, dialect);
  const begun = positionCondition(key, tieBreak, query.descending, after);
  const selection = { ...counted, conditions: [...counted.conditions, ...begun] };
  return { selection, columns: [key, tieBreak], counted };
}

function positionCondition(
  key: string,
  tieBreak: string,
  descending: boolean,
  after: Position | undefined,
): Condition[] {
  if (!after) return [];
  const [keyValue = '', tieBreakValue = ''] = after;
  const sql = `(${key}, ${tieBreak}) ${descending ? '<' : '>'} (?, ?)`;
  return [{ sql, values: [keyValue, tieBreak.endsWith('.ordinal') ? Number(tieBreakValue) : tieBreakValue] }];
}

async function countUpTo(session: Session, selection: Selection): Promise<number> {
  const { from, fromValues = [], conditions, orderedBy } = selection;
  const where = whereClause(conditions);
  const order = orderedBy === undefined ? '' : ` ORDER BY ${orderedBy}`;
  const sql = `SELECT count(*) AS count FROM (SELECT 1 FROM ${from}${where.sql}${order} LIMIT ${rowLimit}) AS counted`;
  const values = [...fromValues, ...where.values, exactTotalMax + 1];
  const [row] = await session.run<{ count: number | string }>(sql, values);
  return Number(row?.count ?? 0);
}

function renderPage(items: Uint8Array, nextCursor: string | null, total: number | undefined) {
  const totals =
    total === undefined
      ? ''
      : `,"total":${Math.min(total, exactTotalMax)},"totalIsExact":${total <= exactTotalMax}`;
  return joinRendered<CustomerList>([
    '{"items":[',
    items,
    `],"nextCursor":${JSON.stringify(nextCursor)}${totals}}`,
  ]);
}
