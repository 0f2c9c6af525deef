import { hash } from 'node:crypto';
import type { Call } from '../../contract/handler.ts';
import { invalidRequest } from '../../domain/failures.ts';
import type { ListQuery, SortKey } from '../../domain/ports.ts';
import { foldForSearch } from '../../domain/search-text.ts';
import { ceilToMilliseconds } from '../../domain/times.ts';
import type { HandlerContext } from '../dispatch.ts';

const defaultLimit = 20;
const defaultSort = '-createdAt';

/** A list call with its defaults applied and its times in UTC. */
export function listQueryFrom(query: Call<'listCustomers'>['query']): ListQuery {
  const { limit = defaultLimit, cursor, sort = defaultSort, includeTotal = false, ...filters } = query;
  if (filters.q !== undefined) checkSearch(filters.q, sort);
  const time = (name: 'createdAfter' | 'createdBefore' | 'updatedAfter' | 'updatedBefore') =>
    filters[name] === undefined ? {} : { [name]: timeFrom(name, filters[name]) };
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

/** The entity tag of a page is a hash of what is sent: a strong tag for exactly these bytes. */
export function pageTag(body: Uint8Array): string {
  return `"${hash('sha256', body, 'base64url').slice(0, 27)}"`;
}

/** The next page as a Link (RFC 8288): the same URL with the cursor put in. */
export function nextLink({ originalUrl }: HandlerContext['request'], nextCursor: string | null) {
  if (nextCursor === null) return {};
  // The base is only there to be able to parse; parsing also encodes what would end the link early.
  const { pathname, searchParams } = new URL(originalUrl, 'http://localhost');
  searchParams.set('cursor', nextCursor);
  return { Link: `<${pathname}?${searchParams}>; rel="next"` };
}

/** @throws Failure `invalid_request`: an index of trigrams knows no order but that of creation. */
function checkSearch(q: string, sort: string): void {
  if (!/^-?createdAt$/.test(sort)) {
    throw invalidRequest([{ parameter: 'sort', detail: 'must be createdAt or -createdAt beside q' }]);
  }
  if (foldForSearch(q) === '') {
    throw invalidRequest([
      { parameter: 'q', detail: 'must hold more than accents and invisible characters' },
    ]);
  }
}

function timeFrom(parameter: string, value: string): string {
  try {
    return ceilToMilliseconds(value);
  } catch {
    throw invalidRequest([{ parameter, detail: 'must be a time that exists, such as 2026-03-01T00:00:00Z' }]);
  }
}
