import assert from 'node:assert/strict';
import type { Random } from '../support/random.ts';

/** A customer as its writer knows it. */
interface Entry {
  readonly id: string;
  readonly key: string;
  /** What the last answer said. */
  version: number;
  name: string;
  /** The name that was sent and not answered. */
  unanswered?: string | undefined;
}

interface Stored {
  readonly id: string;
  readonly version: number;
  readonly name: string;
}

/**
 * What was acknowledged, kept outside of the service: each creation under a key and an externalId of its own, each
 * change under the entity tag of the version before. What had no answer may be stored or not, but not by half.
 */
export function createLedger(random: Random) {
  const entries: Entry[] = [];
  const unansweredKeys = new Set<string>();
  const figures = { acknowledged: 0, unansweredStored: 0, unansweredNotStored: 0, lost: 0, altered: 0 };
  let sequence = 0;

  async function create(url: string, key: string): Promise<void> {
    unansweredKeys.add(key);
    const { status, body } = await send(`${url}/customers`, 'POST', { name: key, externalId: key }, key);
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
    assert.equal(status, 200);
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
    /** Creates and changes, one after the other, until the service does not answer any more. */
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
    /** Repeats each creation that had no answer: it was stored, or is now, and in either case once. */
    async repeatUnanswered(url: string): Promise<void> {
      for (const key of unansweredKeys) await create(url, key);
    },
    /** Holds what is stored against what was acknowledged. */
    compare(stored: readonly Stored[]): void {
      const byId = new Map(stored.map((customer) => [customer.id, customer]));
      for (const entry of entries) check(entry, byId.get(entry.id));
    },
  };
}

async function send(url: string, method: string, body: object, keyOrTag: string) {
  const condition = method === 'POST' ? { 'idempotency-key': keyOrTag } : { 'if-match': keyOrTag };
  const headers = { 'content-type': 'application/json', ...condition };
  const response = await fetch(url, { method, headers, body: JSON.stringify(body) });
  return { status: response.status, body: (await response.json()) as Stored };
}
