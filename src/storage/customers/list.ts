import type { CustomerList } from '../../contract/types.ts';
import { type ReadContext, tracedAmong } from '../../domain/context.ts';
import type { CustomerPage, CustomerStore, ListQuery, SortKey } from '../../domain/customer-store.ts';
import { createSingleFlight } from '../engine/batching.ts';
import type { ReadSource, Session } from '../engine/engine.ts';
import type { Dialect } from '../sql/dialect.ts';
import { joinRendered } from '../sql/projection.ts';
import { raw, rowCount, run, type Statement, sql } from '../sql/sql.ts';
import type { CursorCodec, Position } from './cursors.ts';
import { selectionFor } from './filters.ts';
import { type PlannedPage, type QueryPlan, readPage, type Selection, whereClause } from './page-query.ts';
import { explainSlowSearch, readSearchPage } from './search.ts';

/** Totals are exact up to this number. */
const exactTotalMax = 10_000;

/** The columns that each sort orders by. The tie-breaker makes positions unique. Each pair has an index. */
const sortColumns: Readonly<Record<SortKey, readonly [key: string, tieBreaker: 'ordinal' | 'id']>> = {
  createdAt: ['created_at', 'ordinal'],
  updatedAt: ['updated_at', 'ordinal'],
  name: ['name_key', 'id'],
};

/** A list read, in a group of reads that differ only in their trace. */
interface PendingList extends ReadContext {
  readonly query: ListQuery;
  readonly identity: string;
  readonly after: Position | undefined;
}

/**
 * Lists customers by keyset pages: concurrent changes never make a customer appear twice or be skipped. The database
 * renders the page; equal requests that arrive together share one query.
 */
export function createCustomerList(source: ReadSource, cursors: CursorCodec): CustomerStore['list'] {
  const readShared = createSingleFlight(readOnce);

  async function readOnce(reads: readonly PendingList[]): Promise<CustomerPage> {
    const [{ query, identity, after, minFeedPosition }] = reads as readonly [PendingList];
    const traced = tracedAmong(reads);
    const { page, total } = await source
      .read((session) => readWithTotal(session, source.dialect, query, after), { minFeedPosition, traced })
      .catch((error) => {
        throw query.filters.q === undefined ? error : explainSlowSearch(error, source.dialect);
      });
    const nextCursor = page.hasMore ? cursors.encode(identity, page.end) : null;
    return { body: renderPage(page.items, nextCursor, total), nextCursor };
  }

  return async (query, { minFeedPosition, trace } = {}) => {
    const identity = queryIdentity(query);
    const { cursor, limit, includeTotal } = query;
    const after = cursor === undefined ? undefined : cursors.decode(identity, cursor);
    const key = JSON.stringify([identity, cursor, limit, includeTotal, minFeedPosition]);
    return readShared(key, { query, identity, after, minFeedPosition, trace });
  };
}

/** What a cursor belongs to: everything that determines which customers come in which order. */
function queryIdentity({ filters, sortKey, descending }: ListQuery): string {
  // includeDeleted=false is the default: given or not, it is the same query.
  const { includeDeleted, ...others } = filters;
  return JSON.stringify([sortKey, descending, includeDeleted === true, Object.entries(others).sort()]);
}

async function readWithTotal(
  session: Session,
  dialect: Dialect,
  query: ListQuery,
  after: Position | undefined,
) {
  const readQuery = query.filters.q === undefined ? readSortedPage : readSearchPage;
  const { page, plan } = await readQuery(session, dialect, query, after);
  return { page, total: query.includeTotal ? await countUpToMax(session, plan.allPages) : undefined };
}

async function readSortedPage(
  session: Session,
  dialect: Dialect,
  query: ListQuery,
  after: Position | undefined,
): Promise<PlannedPage> {
  const plan = sortedPages(dialect, query, after);
  return { plan, page: await readPage(session, dialect, plan, { ...query, layout: 'list' }) };
}

/** Plans a page in one of the sort orders. */
export function sortedPages(
  dialect: Dialect,
  query: Pick<ListQuery, 'filters' | 'sortKey' | 'descending'>,
  after: Position | undefined,
): QueryPlan {
  const [keyColumn, tieBreakerColumn] = sortColumns[query.sortKey];
  // The tags' own index has customers in the order of creation.
  const table = query.sortKey === 'createdAt' && query.filters.tag !== undefined ? 'tagged' : 'customers';
  const orderColumns = [`${table}.${keyColumn}`, `${table}.${tieBreakerColumn}`] as const;
  const allPages = selectionFor(query.filters, dialect);
  const start = after ? [startCondition(orderColumns, query.descending, after)] : [];
  const selection = { ...allPages, conditions: [...allPages.conditions, ...start] };
  return { selection, orderColumns, allPages };
}

function startCondition(
  [key, tieBreaker]: readonly [string, string],
  descending: boolean,
  [keyValue = '', tieBreakerValue = '']: Position,
): Statement {
  const tieBreakerKey = tieBreaker.endsWith('.ordinal') ? Number(tieBreakerValue) : tieBreakerValue;
  return sql`${raw(`(${key}, ${tieBreaker}) ${descending ? '<' : '>'}`)} (${keyValue}, ${tieBreakerKey})`;
}

async function countUpToMax(session: Session, { from, conditions, orderBy }: Selection): Promise<number> {
  const order = raw(orderBy === undefined ? '' : ` ORDER BY ${orderBy}`);
  const rows = sql`SELECT 1 FROM ${from}${whereClause(conditions)}${order} LIMIT ${rowCount(exactTotalMax + 1)}`;
  const [row] = await run<{ count: number | string }>(
    session,
    sql`SELECT count(*) AS count FROM (${rows}) AS counted`,
  );
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
