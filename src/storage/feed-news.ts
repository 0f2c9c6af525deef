import { setTimeout as pause } from 'node:timers/promises';
import type { Engine } from './engine.ts';
import { readExtent } from './feed-extent.ts';

/** How late the commits of other processes may be noticed. */
const pollIntervalMs = 100;

/** Tells those who watch that there may be new changes. */
export interface FeedNews {
  /** @returns ends the watch. */
  watch(listener: () => void): () => void;
  /** This process has committed a transaction, or cannot be sure that it has not. */
  committed(): void;
}

/**
 * Own commits are told at once. Those of other processes are found by looking at the one row of `feed_head`, and
 * only while somebody watches. (LISTEN would find them sooner, but every NOTIFY takes a lock of the whole cluster
 * until its transaction has ended, needs a connection of its own, and is lost behind a pooler.)
 */
export function createFeedNews(engine: Engine): FeedNews {
  const listeners = new Set<() => void>();
  let polling = false;

  function tell(): void {
    for (const listener of listeners) listener();
  }

  async function poll(): Promise<void> {
    polling = true;
    let known: string | undefined;
    while (listeners.size > 0) {
      // A database that cannot be reached now is asked again.
      const extent = await engine.read(readExtent).catch(() => undefined);
      if (extent && extent.head !== known) {
        known = extent.head;
        tell();
      }
      await pause(pollIntervalMs, undefined, { ref: false });
    }
    polling = false;
  }

  return {
    watch(listener) {
      listeners.add(listener);
      if (engine.dialect.servedByMany && !polling) void poll();
      return () => void listeners.delete(listener);
    },
    committed: tell,
  };
}
