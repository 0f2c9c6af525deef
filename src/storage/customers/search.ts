import type { ListFilters, ListQuery } from '../../domain/customer-store.ts';
import { Failure } from '../../domain/failures.ts';
import { foldForSearch, indexedLengthMin, termLength } from '../../domain/normalization.ts';
import type { Session, SqlValue } from '../engine/engine.ts';
import { rowLimit } from '../sql/columns.ts';
import type { Dialect } from '../sql/dialect.ts';
import type { Position } from './cursors.ts';
import { type Condition, type ListedPage, readPage, type Selection, selectionFor } from './page-query.ts';

/** How many texts are looked through before an index is asked that knows no order. */
const firstLook = 1000;
/** And how many after that, if the first look found some: the index would find too many then. */
const secondLook = 20_000;
const foundToLookOnMin = 3;

/** Filters that leave so few customers that no index over texts does better. */
const narrowFilters: readonly (keyof ListFilters)[] = ['id', 'email', 'phone', 'externalId'];

/**
 * Searches in the order of creation, which is that of ordinals. What a page costs must not depend on how many
 * customers hold the term. An index that tells them in that order (SQLite) is left when the page is full. One that
 * has to find all of them first (PostgreSQL) is good for rare terms only; common ones are soon met by looking
 * through the texts themselves.
 */
export async function readSearchPage(
  session: Session,
  dialect: Dialect,
  query: ListQuery,
  after: Position | undefined,
): Promise<ListedPage> {
  const term = foldForSearch(query.filters.q ?? '');
  const ways = searchWays(term, query, after, dialect);
  const read = ({ selection, ordinal, counted }: Way) =>
    readPage(session, dialect, { selection, columns: [ordinal], counted }, { ...query, layout: 'list' });

  if (narrowFilters.some((name) => query.filters[name] !== undefined)) return read(ways.byFilters());
  if (termLength(term) < indexedLengthMin) return read(ways.byLooking());
  if (dialect.indexedSearch.inOrder) return read(ways.byIndex());
  const first = await read(ways.byLooking(firstLook));
  if (first.more) return first;
  if (first.count < foundToLookOnMin) return read(ways.byIndex());
  const second = await read(ways.byLooking(secondLook));
  return second.more ? second : read(ways.byIndex());
}

/** A search that ran out of time will do so again: its caller is told what else to ask for. */
export function explainSlowSearch(error: unknown, dialect: Dialect): unknown {
  if (dialect.errorMeaning(error) !== 'timeout') return error;
  return new Failure(
    'search_too_broad',
    'The search took longer than a request may. Search for three characters or more, or narrow it down by a filter.',
    {
      errors: [{ parameter: 'q', detail: 'is found in too few customers to look through all of them' }],
      headers: { 'Retry-After': '1' },
      cause: error,
    },
  );
}

/** A way to find the customers that hold a term, in the order of an expression for their ordinal. */
export interface Way {
  readonly selection: Selection;
  readonly ordinal: string;
  /** The same without a page's bounds, to count all there are. */
  readonly counted: Selection;
}

/** The ways to answer a search. Each finds the same; they differ in what they cost. */
export interface SearchWays {
  /** The filters first, and the term in what they leave. */
  byFilters(): Way;
  /** The texts one by one, from where the page begins; no more of them than `textsMax`, if it is given. */
  byLooking(textsMax?: number): Way;
  /** The index over the texts first. */
  byIndex(): Way;
}

export function searchWays(
  term: string,
  query: ListQuery,
  after: Position | undefined,
  dialect: Dialect,
): SearchWays {
  const { source, ordinal: indexedOrdinal, condition, operand, inOrder } = dialect.indexedSearch;
  const filtered = selectionFor(query.filters, dialect);
  const contained: Condition = { sql: dialect.contains('found.text'), values: [term] };
  const indexed: Condition = { sql: condition, values: [operand(term)] };
  const comparison = query.descending ? '<' : '>';
  const begun = (column: string): Condition[] =>
    after ? [{ sql: `${column} ${comparison} ?`, values: [Number(after[0])] }] : [];

  function joined(from: string, ordinal: string, test: Condition): Selection {
    const same: Condition = { sql: `customers.ordinal = ${ordinal}`, values: [] };
    return { from, conditions: [test, same, ...filtered.conditions] };
  }

  /** The bound stands on both sides of the join, so that neither is read from its very beginning. */
  function from(selection: Selection, ordinal: string): Selection {
    const bounds = [...begun(ordinal), ...begun('customers.ordinal')];
    return { ...selection, conditions: [...selection.conditions, ...bounds] };
  }

  function newest(textsMax: number): { readonly sql: string; readonly values: readonly SqlValue[] } {
    const [bound] = begun('ordinal');
    const direction = query.descending ? 'DESC' : 'ASC';
    const where = bound ? ` WHERE ${bound.sql}` : '';
    const sql = `(SELECT ordinal, text FROM customer_search${where} ORDER BY ordinal ${direction} LIMIT ${rowLimit}) AS found`;
    return { sql, values: [...(bound?.values ?? []), textsMax] };
  }

  return {
    byFilters() {
      const counted = joined(
        `${filtered.from} CROSS JOIN customer_search AS found`,
        'found.ordinal',
        contained,
      );
      // Not the column itself, or the order could be taken for a reason to read all customers in it.
      return { selection: from(counted, 'found.ordinal'), ordinal: 'customers.ordinal + 0', counted };
    },
    byLooking(textsMax) {
      const ordinal = 'found.ordinal';
      const all = joined(`customer_search AS found CROSS JOIN ${filtered.from}`, ordinal, contained);
      if (textsMax === undefined) return { selection: from(all, ordinal), ordinal, counted: all };
      const { sql, values } = newest(textsMax);
      const some = joined(`${sql} CROSS JOIN ${filtered.from}`, ordinal, contained);
      const counted = joined(`${source} CROSS JOIN ${filtered.from}`, indexedOrdinal, indexed);
      return { selection: { ...some, fromValues: values }, ordinal, counted };
    },
    byIndex() {
      const counted = joined(`${source} CROSS JOIN ${filtered.from}`, indexedOrdinal, indexed);
      // As above: where the index has no order of its own, another one's must not be walked for the order's sake.
      const ordinal = inOrder ? indexedOrdinal : `${indexedOrdinal} + 0`;
      return {
        selection: from(counted, indexedOrdinal),
        ordinal,
        counted: { ...counted, orderedBy: ordinal },
      };
    },
  };
}
