import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import type { Random } from '../support/random.ts';

/** A customer as its writer knows it. */
interface Entry {
  readonly id: string;
  readonly key: string;
  /** From the latest response. */
  version: number;
  name: string;
  /** The name of a request without a response. */
  unanswered?: string | undefined;
}

interface Stored {
  readonly id: string;
  readonly version: number;
  readonly name: string;
}

/**
 * Records what was acknowledged, independently of the service: each creation has its own key and externalId,
 * each update the previous version's tag. Writes without a response may be stored or not, but not in part.
 */
export function createLedger(random: Random) {
  const entries: Entry[] = [];
  const unansweredKeys = new Set<string>();
  const figures = {
    acknowledged: 0,
    refused: 0,
    unansweredStored: 0,
    unansweredNotStored: 0,
    lost: 0,
    altered: 0,
  };
  let sequence = 0;

  async function create(url: string, key: string): Promise<void> {
    unansweredKeys.add(key);
    const { status, body } = await send(`${url}/customers`, 'POST', { name: key, externalId: key }, key);
    if (status === 503) throw new Unavailable(body);
    assert.equal(status, 201);
    unansweredKeys.delete(key);
    figures.acknowledged += 1;
    entries.push({ id: body.id, key, version: body.version, name: body.name });
  }

  async function rename(url: string, entry: Entry): Promise<void> {
    entry.unanswered = `${entry.key} v${entry.version + 1}`;
    const tag = `"${entry.version}"`;
    const { status, body } = await send(
      `${url}/customers/${entry.id}`,
      'PATCH',
      { name: entry.unanswered },
      tag,
    );
    if (status === 503) throw new Unavailable(body);
    assert.equal(status, 200, JSON.stringify(body));
    entry.version = body.version;
    entry.name = entry.unanswered;
    entry.unanswered = undefined;
    figures.acknowledged += 1;
  }

  function check(entry: Entry, stored: Stored | undefined): void {
    if (!stored || stored.version < entry.version) figures.lost += 1;
    else if (stored.version === entry.version && stored.name === entry.name) {
      if (entry.unanswered) figures.unansweredNotStored += 1;
    } else if (stored.version === entry.version + 1 && stored.name === entry.unanswered) {
      figures.unansweredStored += 1;
      entry.version = stored.version;
      entry.name = stored.name;
    } else figures.altered += 1;
    entry.unanswered = undefined;
  }

  return {
    figures,
    entries: entries as readonly Entry[],
    /** Creates and updates customers one by one until the service stops responding. */
    async writeUntilKilled(url: string): Promise<void> {
      const own: Entry[] = [];
      for (;;) {
        try {
          const [known] = own.length > 0 && random.boolean() ? [random.pick(own)] : [];
          if (known) await rename(url, known);
          else {
            const key = `k-${sequence++}`;
            await create(url, key);
            own.push(entries.find((entry) => entry.key === key) as Entry);
          }
        } catch (error) {
          if (error instanceof TypeError) return;
          throw error;
        }
      }
    },
    /**
     * Creates and updates customers one by one until aborted. After a 503 a creation is repeated with its
     * key; an update too, if the response says that nothing was stored: if that is false, the repeat fails by
     * its tag.
     */
    async writeUntil(signal: AbortSignal, url: string, onWrite: (write: WriteReport) => void): Promise<void> {
      let own: Entry[] = [];
      let key: string | undefined;
      while (!signal.aborted) {
        const startedAt = performance.now();
        const known = !key && own.length > 0 && random.boolean() ? random.pick(own) : undefined;
        try {
          if (known) await rename(url, known);
          else {
            key ??= `k-${sequence++}`;
            await create(url, key);
            own.push(entries.at(-1) as Entry);
            key = undefined;
          }
          onWrite({ startedAt, acknowledged: true });
          await pause(random.integer(10, 60));
        } catch (error) {
          if (!(error instanceof Unavailable)) throw error;
          figures.refused += 1;
          onWrite({ startedAt, acknowledged: false });
          if (known && error.nothingStored) known.unanswered = undefined;
          else own = own.filter((entry) => entry !== known);
          // Sooner than Retry-After, to see when it has recovered.
          await pause(20);
        }
      }
    },
    /** Repeats each creation without a response; it must end up stored exactly once. */
    async repeatUnanswered(url: string): Promise<void> {
      for (const key of unansweredKeys) await create(url, key);
    },
    /** The total number of versions, each of which is a change in the feed. */
    versions: () => entries.reduce((sum, { version }) => sum + version, 0),
    /** Compares the stored customers with the acknowledged ones. */
    compare(stored: readonly Stored[]): void {
      const byId = new Map(stored.map((customer) => [customer.id, customer]));
      for (const entry of entries) check(entry, byId.get(entry.id));
    },
  };
}

/** When a write was sent, and whether it succeeded. */
export interface WriteReport {
  readonly startedAt: number;
  readonly acknowledged: boolean;
}

class Unavailable extends Error {
  readonly nothingStored: boolean;
  constructor(problem: object) {
    super(JSON.stringify(problem));
    this.nothingStored = /Nothing was stored|was not started/.test(this.message);
  }
}

async function send(url: string, method: string, body: object, keyOrTag: string) {
  const condition = method === 'POST' ? { 'idempotency-key': keyOrTag } : { 'if-match': keyOrTag };
  const headers = { 'content-type': 'application/json', ...condition };
  const response = await fetch(url, { method, headers, body: JSON.stringify(body) });
  return { status: response.status, body: (await response.json()) as Stored };
}
