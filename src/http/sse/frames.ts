import type { FeedChange } from '../../domain/change-feed.ts';

/** How long a browser waits before it reconnects. */
const reconnectDelayMs = 2000;

/**
 * The first frame of a stream. An `id` without `data` dispatches no event but sets `Last-Event-ID`, so a client that
 * loses its connection before the first change misses nothing.
 */
export function openingFrame(position: string): Uint8Array {
  return Buffer.from(`retry: ${reconnectDelayMs}\nid: ${position}\n\n`);
}

/** A comment, which keeps proxies from closing an idle connection and detects clients that are gone. */
export const heartbeatFrame: Uint8Array = Buffer.from(':\n\n');

/** One event per change. The JSON has no line breaks, so each event has a single `data` line. */
export function eventFrames(changes: readonly FeedChange[]): Uint8Array {
  const frames = changes.map(
    ({ position, type, event }) => `id: ${position}\nevent: ${type}\ndata: ${event}\n\n`,
  );
  return Buffer.from(frames.join(''));
}
