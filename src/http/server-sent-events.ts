import type { FeedChange } from '../domain/change-feed.ts';

/** How long a browser waits before it connects again. */
const retryMs = 2000;

/**
 * How a stream begins. An `id` without `data` is no event, but it is what the client reconnects with
 * (`Last-Event-ID`): so it misses nothing even if the connection breaks before the first change.
 */
export function openingFrame(position: string): Uint8Array {
  return Buffer.from(`retry: ${retryMs}\nid: ${position}\n\n`);
}

/** A comment: it keeps proxies from closing a quiet connection, and finds out that a client is gone. */
export const heartbeatFrame: Uint8Array = Buffer.from(':\n\n');

/** Changes as events. JSON text that is rendered without spaces has no line breaks, so each is one `data` line. */
export function eventFrames(changes: readonly FeedChange[]): Uint8Array {
  const frames = changes.map(
    ({ position, type, event }) => `id: ${position}\nevent: ${type}\ndata: ${event}\n\n`,
  );
  return Buffer.from(frames.join(''));
}
