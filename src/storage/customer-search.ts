import { Failure } from '../domain/failures.ts';
import type { ListFilters, ListQuery } from '../domain/ports.ts';
import { foldForSearch, indexedLengthMin, termLength } from '../domain/search-text.ts';
import type { Position } from './cursors.ts';
import type { Dialect } from './dialect.ts';
import type { Session } from './engine.ts';
import type { ListedPage } from './page-statement.ts';
import { readPage } from './page-statement.ts';
import type { Way } from './search-ways.ts';
import { searchWays } from './search-ways.ts';

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
