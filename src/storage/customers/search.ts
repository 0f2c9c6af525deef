import type { ListFilters, ListQuery } from '../../domain/customer-store.ts';
import { Failure } from '../../domain/failures.ts';
import { foldForSearch, indexedLengthMin, termLength } from '../../domain/normalization.ts';
import type { Session } from '../engine/engine.ts';
import type { Dialect } from '../sql/dialect.ts';
import { raw, rowCount, type Statement, sql } from '../sql/sql.ts';
import type { Position } from './cursors.ts';
import { selectionFor } from './filters.ts';
import { type PlannedPage, type QueryPlan, readPage, type Selection } from './page-query.ts';

/** How many texts to scan before using an index without an order of its own. */
const shortScanLength = 1000;
/** How many texts to scan after that, when the short scan found enough to expect a full page. */
const longScanLength = 20_000;
const foundForLongScanMin = 3;

/** Filters that match so few customers that testing each text beats an index over texts. */
const narrowFilters: readonly (keyof ListFilters)[] = ['id', 'email', 'phone', 'externalId'];

/**
 * Reads a page of a search in the order of creation, at a cost that does not grow with the number of matches. SQLite's
 * index returns matches in that order and stops when the page is full. PostgreSQL's index returns all matches
 * first, which suits rare terms; common terms turn up soon in a scan of the texts.
 */
export async function readSearchPage(
  session: Session,
  dialect: Dialect,
  query: ListQuery,
  after: Position | undefined,
): Promise<PlannedPage> {
  const term = foldForSearch(query.filters.q ?? '');
  const strategies = searchStrategies(term, query, after, dialect);
  const read = async (plan: QueryPlan): Promise<PlannedPage> => ({
    plan,
    page: await readPage(session, dialect, plan, { ...query, layout: 'list' }),
  });

  if (narrowFilters.some((name) => query.filters[name] !== undefined)) return read(strategies.byFilters());
  if (termLength(term) < indexedLengthMin) return read(strategies.byScan());
  if (dialect.indexedSearch.inOrder) return read(strategies.byIndex());
  const short = await read(strategies.byScan(shortScanLength));
  if (short.page.hasMore) return short;
  if (short.page.count < foundForLongScanMin) return read(strategies.byIndex());
  const long = await read(strategies.byScan(longScanLength));
  return long.page.hasMore ? long : read(strategies.byIndex());
}

/** Turns the timeout of a search into Failure `search_too_broad`: retrying it unchanged would not help. */
export function explainSlowSearch(error: unknown, dialect: Dialect): unknown {
  const driverError = error instanceof Failure ? error.cause : error;
  if (dialect.errorMeaning(driverError) !== 'timeout') return error;
  return new Failure(
    'search_too_broad',
    'The search took longer than a request may. Search for three characters or more, or narrow it down by a filter.',
    {
      errors: [{ parameter: 'q', detail: 'is found in too few customers to look through all of them' }],
      retryAfterSeconds: 1,
      cause: driverError,
    },
  );
}

/** The plans for a search. They find the same customers at different costs. */
interface SearchStrategies {
  /** Applies the filters first and tests the texts of what they leave. */
  byFilters(): QueryPlan;
  /** Scans the texts in order from the start of the page, at most `textsMax` of them. */
  byScan(textsMax?: number): QueryPlan;
  /** Asks the index over texts first. */
  byIndex(): QueryPlan;
}

function searchStrategies(
  term: string,
  query: ListQuery,
  after: Position | undefined,
  dialect: Dialect,
): SearchStrategies {
  const { source, ordinal: indexOrdinal, condition, operand, inOrder } = dialect.indexedSearch;
  const filtered = selectionFor(query.filters, dialect);
  const contains: Statement = { sql: dialect.contains('found.text'), values: [term] };
  const matches: Statement = { sql: condition, values: [operand(term)] };
  const bounds = pageBounds(query, after);

  /** Joins texts or index entries, as `found`, with the customers that match the filters. */
  const joinFiltered = (from: Statement, ordinal: string, test: Statement): Selection => ({
    from,
    conditions: [test, raw(`customers.ordinal = ${ordinal}`), ...filtered.conditions],
  });
  const found = (from: Statement) => sql`${from} CROSS JOIN ${filtered.from}`;
  const indexed = () => joinFiltered(found(raw(source)), indexOrdinal, matches);

  return {
    byFilters() {
      const from = sql`${filtered.from} CROSS JOIN customer_search AS found`;
      const allPages = joinFiltered(from, 'found.ordinal', contains);
      // An expression, so that the planner does not walk all customers for the sake of the order.
      const orderColumns = ['customers.ordinal + 0'];
      return { selection: bounds.apply(allPages, 'found.ordinal'), orderColumns, allPages };
    },
    byScan(textsMax) {
      const orderColumns = ['found.ordinal'];
      if (textsMax === undefined) {
        const allPages = joinFiltered(found(raw('customer_search AS found')), 'found.ordinal', contains);
        return { selection: bounds.apply(allPages, 'found.ordinal'), orderColumns, allPages };
      }
      const selection = joinFiltered(found(bounds.firstTexts(textsMax)), 'found.ordinal', contains);
      return { selection, orderColumns, allPages: indexed() };
    },
    byIndex() {
      const allPages = indexed();
      // As in byFilters: an index without an order of its own must be read before sorting.
      const orderBy = inOrder ? indexOrdinal : `${indexOrdinal} + 0`;
      const selection = bounds.apply(allPages, indexOrdinal);
      return { selection, orderColumns: [orderBy], allPages: { ...allPages, orderBy } };
    },
  };
}

/** Restricts a search to what follows the previous page. */
function pageBounds({ descending }: ListQuery, after: Position | undefined) {
  const boundOn = (column: string): Statement[] =>
    after ? [sql`${raw(column)} ${raw(descending ? '<' : '>')} ${Number(after[0])}`] : [];
  return {
    /** Bounds both sides of the join, so that neither is read from its start. */
    apply: (selection: Selection, ordinal: string): Selection => ({
      ...selection,
      conditions: [...selection.conditions, ...boundOn(ordinal), ...boundOn('customers.ordinal')],
    }),
    /** The first texts of the page's range, as the table `found`. */
    firstTexts(textsMax: number): Statement {
      const [bound] = boundOn('ordinal');
      const where = bound ? sql` WHERE ${bound}` : raw('');
      const order = raw(`ordinal ${descending ? 'DESC' : 'ASC'}`);
      return sql`(SELECT ordinal, text FROM customer_search${where} ORDER BY ${order} LIMIT ${rowCount(textsMax)}) AS found`;
    },
  };
}
