import type { Call } from '../../contract/handler.ts';
import type { ListQuery, SortKey } from '../../domain/customer-store.ts';
import { invalidRequest } from '../../domain/failures.ts';
import { foldForSearch } from '../../domain/normalization.ts';
import { ceilToMilliseconds } from '../../domain/validation.ts';

const defaultLimit = 20;
const defaultSort = '-createdAt';

/**
 * Turns the query parameters of a list into a ListQuery: applies defaults, and rounds times up to milliseconds in UTC.
 * @throws Failure `invalid_request` for faults that the schema cannot express.
 */
export function toListQuery(query: Call<'listCustomers'>['query']): ListQuery {
  const { limit = defaultLimit, cursor, sort = defaultSort, includeTotal = false, ...filters } = query;
  if (filters.q !== undefined) checkSearch(filters.q, sort);
  const time = (name: 'createdAfter' | 'createdBefore' | 'updatedAfter' | 'updatedBefore') =>
    filters[name] === undefined ? {} : { [name]: parseTime(name, filters[name]) };
  return {
    filters: {
      ...filters,
      ...time('createdAfter'),
      ...time('createdBefore'),
      ...time('updatedAfter'),
      ...time('updatedBefore'),
    },
    sortKey: sort.replace(/^-/, '') as SortKey,
    descending: sort.startsWith('-'),
    limit,
    cursor,
    includeTotal,
  };
}

/** The trigram index supports only the order of creation. */
function checkSearch(q: string, sort: string): void {
  if (!/^-?createdAt$/.test(sort)) {
    throw invalidRequest([{ parameter: 'sort', detail: 'must be createdAt or -createdAt when q is given' }]);
  }
  if (foldForSearch(q) === '') {
    throw invalidRequest([
      { parameter: 'q', detail: 'must hold more than accents and invisible characters' },
    ]);
  }
}

function parseTime(parameter: string, value: string): string {
  try {
    return ceilToMilliseconds(value);
  } catch {
    throw invalidRequest([{ parameter, detail: 'must be a time that exists, such as 2026-03-01T00:00:00Z' }]);
  }
}
