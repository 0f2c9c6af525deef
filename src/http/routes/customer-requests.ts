import { hash } from 'node:crypto';
import type { Call } from '../../contract/handler.ts';
import type {
  IdempotentRequest,
  ListQuery,
  SortKey,
  WriteContext,
  WriteOutcome,
} from '../../domain/customer-store.ts';
import { invalidRequest } from '../../domain/failures.ts';
import { foldForSearch } from '../../domain/normalization.ts';
import type { Precondition } from '../../domain/preconditions.ts';
import { ceilToMilliseconds } from '../../domain/validation.ts';
import type { HandlerContext } from '../dispatch.ts';
import { parseTagCondition } from '../headers.ts';

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

/** A cache may keep a customer for its own caller, and must ask before it uses it. */
export const cacheControl = 'private, no-cache';

export function locationOf({ id }: WriteOutcome) {
  return { Location: `/customers/${id}` };
}

/** The headers of a write that was stored. */
export function written({ etag, feedPosition }: WriteOutcome) {
  return { ETag: etag, 'Feed-Position': feedPosition };
}

/** The same for an operation that takes an Idempotency-Key. */
export function writtenOnce(outcome: WriteOutcome) {
  return { ...written(outcome), ...replayedMark(outcome) };
}

/** Says that the answer is that of an earlier request. */
export function replayedMark({ replayed }: { readonly replayed: boolean }) {
  return replayed ? { 'Idempotency-Replayed': 'true' as const } : {};
}

type HandlerRequest = HandlerContext['request'];

/** Who writes, on which request. */
export function writeContext({ context }: HandlerRequest, validateOnly = false): WriteContext {
  return {
    actor: context.principal.name,
    source: 'api',
    requestId: context.requestId,
    validateOnly,
    idempotency: undefined,
    deadlineMs: context.deadlineMs,
    trace: context.trace,
  };
}

/**
 * The conditions of a write.
 * @throws Failure `malformed_request` for a header that is not a list of entity tags.
 */
export function preconditionFrom(
  headers: { readonly 'If-Match'?: string; readonly 'If-None-Match'?: string },
  required: boolean,
): Precondition {
  return {
    ifMatch: parseTagCondition('If-Match', headers['If-Match']),
    ifNoneMatch: parseTagCondition('If-None-Match', headers['If-None-Match']),
    required,
  };
}

/** The request's Idempotency-Key with all that makes it the same request again; undefined without a key. */
export function idempotencyOf(request: HandlerRequest): IdempotentRequest | undefined {
  const { context, method, originalUrl, headers } = request;
  const key = headers['idempotency-key'];
  if (typeof key !== 'string' || !context.operation) return undefined;
  const conditions = ['if-match', 'if-none-match'].map((name) => String(headers[name] ?? ''));
  return {
    key,
    scope: [context.principal.name, context.operation.id],
    fingerprint: [method, originalUrl, ...conditions, context.bodyBytes ?? ''],
  };
}
