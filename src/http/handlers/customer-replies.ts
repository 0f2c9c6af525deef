import type { WriteOutcome } from '../../domain/ports.ts';

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
