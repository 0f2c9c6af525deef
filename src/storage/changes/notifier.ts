import { setTimeout as pause } from 'node:timers/promises';
import type { Engine } from '../engine/engine.ts';
import { readFeedBounds } from './change-log.ts';

/** The delay within which commits of other processes are noticed. */
const pollIntervalMs = 100;

/** Notifies listeners that the feed may have new changes. */
export interface CommitNotifier {
  /** @returns a function that unsubscribes. */
  watch(listener: () => void): () => void;
  /** Reports a transaction of this process that may have been committed. */
  committed(): void;
}

/**
 * Notifies of this process's commits at once. For those of other processes it polls `feed_head`, while there are
 * listeners. LISTEN/NOTIFY would be faster, but NOTIFY takes a cluster-wide lock at commit, LISTEN occupies a
 * connection, and poolers break it.
 */
export function createCommitNotifier(engine: Engine): CommitNotifier {
  const listeners = new Set<() => void>();
  let isPolling = false;

  function notify(): void {
    for (const listener of listeners) listener();
  }

  async function poll(): Promise<void> {
    isPolling = true;
    let known: string | undefined;
    while (listeners.size > 0) {
      const bounds = await engine.read(readFeedBounds).catch(() => undefined);
      if (bounds && bounds.head !== known) {
        known = bounds.head;
        notify();
      }
      await pause(pollIntervalMs, undefined, { ref: false });
    }
    isPolling = false;
  }

  return {
    watch(listener) {
      listeners.add(listener);
      if (engine.dialect.isShared && !isPolling) void poll();
      return () => void listeners.delete(listener);
    },
    committed: notify,
  };
}
