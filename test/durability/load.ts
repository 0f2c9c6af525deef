import assert from 'node:assert/strict';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { openDirectly, select } from '../storage/direct-engine.ts';
import { afterwards, type Cleanup } from '../support/cleanup.ts';
import type { Random } from '../support/random.ts';
import { createLedger } from './ledger.ts';

interface Row {
  readonly id: string;
  readonly version: number | string;
  readonly name: string;
  readonly external_id: string;
}

export interface LoadOptions {
  readonly url: string;
  readonly random: Random;
  readonly writers: number;
  readonly readers: number;
}

/**
 * Starts writers with a ledger, and readers, on a service that may be in trouble. Only 2xx and 503 are
 * allowed.
 */
export function startLoad(cleanup: Cleanup, { url, random, writers, readers }: LoadOptions) {
  const ledger = createLedger(random);
  const ending = new AbortController();
  const loop = monitorEventLoopDelay({ resolution: 5 });
  loop.enable();
  let lastAcknowledged = { startedAt: 0, at: 0 };
  let lastRead = 0;
  let longestMs = 0;
  let requests = 0;

  function note(startedAt: number): void {
    requests += 1;
    longestMs = Math.max(longestMs, performance.now() - startedAt);
  }

  async function read(): Promise<void> {
    while (!ending.signal.aborted) {
      const startedAt = performance.now();
      const { status } = await fetch(`${url}/customers?limit=2`).then(async (reply) => {
        await reply.arrayBuffer();
        return reply;
      });
      assert.ok([200, 503].includes(status), `a read returned ${status}`);
      note(startedAt);
      if (status === 200) lastRead = startedAt;
      await pause(20);
    }
  }

  const write = () =>
    ledger.writeUntil(ending.signal, url, ({ startedAt, acknowledged }) => {
      note(startedAt);
      if (acknowledged && startedAt > lastAcknowledged.startedAt)
        lastAcknowledged = { startedAt, at: performance.now() };
    });
  const working = Promise.all([
    ...Array.from({ length: writers }, write),
    ...Array.from({ length: readers }, read),
  ]);
  // `end` reports it.
  working.catch(() => undefined);
  afterwards(cleanup, () => ending.abort());

  return {
    ledger,
    /** The number of responses, and the longest response time since the previous call. */
    takeFigures() {
      const figures = { requests, longestMs: Math.round(longestMs), loopDelayMs: Math.round(loop.max / 1e6) };
      requests = 0;
      longestMs = 0;
      loop.reset();
      return figures;
    },
    /** Resolves with the time from `since` until a write that began after it was acknowledged. */
    async written(since: number, timeoutMs = 120_000): Promise<number> {
      while (lastAcknowledged.startedAt < since) await tick(since, timeoutMs, 'write was acknowledged');
      return Math.round(lastAcknowledged.at - since);
    },
    /** The same for a read. */
    async readAgain(since: number, timeoutMs = 120_000): Promise<number> {
      while (lastRead < since) await tick(since, timeoutMs, 'read was answered');
      return Math.round(performance.now() - since);
    },
    /** Ends the load; rejects with any failure since the start. */
    async end(): Promise<void> {
      ending.abort();
      await working;
      loop.disable();
    },
  };
}

async function tick(since: number, timeoutMs: number, what: string): Promise<void> {
  if (performance.now() - since > timeoutMs) throw new Error(`no ${what} within ${timeoutMs} ms`);
  await pause(5);
}

/** Compares a database with a ledger: nothing lost, changed or stored twice, and no gap in the feed. */
export async function assertNothingLost(
  cleanup: Cleanup,
  databaseUrl: string,
  ledger: ReturnType<typeof createLedger>,
): Promise<void> {
  const direct = openDirectly(cleanup, databaseUrl);
  const rows = await select<Row>(direct, 'SELECT id, version, name, external_id FROM customers');
  ledger.compare(rows.map((row) => ({ ...row, version: Number(row.version) })));
  const { lost, altered } = ledger.figures;
  const duplicates = rows.length - new Set(rows.map((row) => row.external_id)).size;
  assert.deepEqual({ lost, altered, duplicates }, { lost: 0, altered: 0, duplicates: 0 });
  assert.equal(rows.length, ledger.entries.length, 'no unknown customer');
  const sql =
    'SELECT count(*) AS count, max(position) AS last, (SELECT position FROM feed_head) AS head FROM changes';
  const [feed] = await select<Record<'count' | 'last' | 'head', string>>(direct, sql);
  const versions = rows.reduce((sum, { version }) => sum + Number(version), 0);
  assert.deepEqual([feed?.count, feed?.last, feed?.head].map(Number), [versions, versions, versions]);
}
