import { hash } from 'node:crypto';
import type { WriteOutcome } from '../../domain/customer-store.ts';
import type { HandlerContext } from '../dispatch.ts';

/** Only the client's own cache may store a customer, and must revalidate it. */
export const cacheControl = 'private, no-cache';

/** A strong entity tag for a page: the hash of its bytes. */
export function pageTag(body: Uint8Array): string {
  return `"${hash('sha256', body, 'base64url').slice(0, 27)}"`;
}

/** The Link to the next page (RFC 8288): the same URL with its cursor; no header on the last page. */
export function nextPageLink({ originalUrl }: HandlerContext['request'], nextCursor: string | null) {
  if (nextCursor === null) return {};
  // URL needs a base. It also encodes `>`, which would end the link early.
  const { pathname, searchParams } = new URL(originalUrl, 'http://localhost');
  searchParams.set('cursor', nextCursor);
  return { Link: `<${pathname}?${searchParams}>; rel="next"` };
}

/** The Location of a created customer. */
export function locationHeader({ id }: WriteOutcome) {
  return { Location: `/customers/${id}` };
}

/** Headers of every successful write. */
export function writeHeaders({ etag, feedPosition }: WriteOutcome) {
  return { ETag: etag, 'Feed-Position': feedPosition };
}

/** {@link writeHeaders} of an operation that accepts an Idempotency-Key. */
export function keyedWriteHeaders(outcome: WriteOutcome) {
  return { ...writeHeaders(outcome), ...replayedHeader(outcome) };
}

/** Marks the replayed answer of an earlier request. */
export function replayedHeader({ replayed }: { readonly replayed: boolean }) {
  return replayed ? { 'Idempotency-Replayed': 'true' as const } : {};
}
