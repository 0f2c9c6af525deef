/** Feed positions have no gaps and become visible in order, with any number of writers. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCommand, updateCommand } from '../../src/domain/commands.ts';
import type { CustomerStore } from '../../src/domain/customer-store.ts';
import { describeEngines } from '../support/engines.ts';
import { type Random, randomFrom } from '../support/random.ts';
import { byTier } from '../support/tier.ts';
import { openDirectly, select } from './direct-engine.ts';
import { openStore, plainContext } from './open-store.ts';

const writesPerWriter = byTier({ quick: 40, full: 150, soak: 2000 });
const writers = 16;

describeEngines('feed positions', (engine) => {
  test('have no gaps and never appear late', async (t) => {
    const random = randomFrom(`feed ${engine}`);
    const first = await openStore(t, engine);
    const { databaseUrl } = first;
    const stores = [first, ...(engine === 'postgres' ? [await openStore(t, engine, { databaseUrl })] : [])];
    const direct = openDirectly(t, databaseUrl);
    const positions = new Map<string, string>();
    let writing = true;
    const reading = followFeed();
    await Promise.all(
      Array.from({ length: writers }, (_, index) =>
        write((stores[index % stores.length] ?? first).customers, random, `${index}`),
      ),
    );
    writing = false;
    const { seen, looks } = await reading;

    assert.deepEqual(
      seen,
      seen.map((_, index) => index + 1),
    );
    const rows = await select<{ position: string; customer_id: string; version: string }>(
      direct,
      'SELECT position, customer_id, version FROM changes ORDER BY position',
    );
    assert.equal(rows.length, seen.length, 'the reader missed a change');
    const [head] = await select<{ position: string }>(direct, 'SELECT position FROM feed_head');
    assert.equal(Number(head?.position), rows.length);
    const stored = new Map(rows.map((row) => [`${row.customer_id} ${row.version}`, String(row.position)]));
    assert.equal(stored.size, rows.length);
    for (const [version, position] of positions) assert.equal(stored.get(version), position);
    t.diagnostic(
      `${writers} writers on ${stores.length} instances: ${rows.length} positions, ${looks} reads, 0 gaps, 0 late`,
    );

    /** Continues from the last position it saw, as a consumer of the feed does. */
    async function followFeed() {
      const seen: number[] = [];
      let looks = 0;
      for (let last = false; !last; ) {
        last = !writing;
        const next = 'SELECT position FROM changes WHERE position > ? ORDER BY position';
        const rows = await select<{ position: string }>(direct, next, seen.at(-1) ?? 0);
        seen.push(...rows.map(({ position }) => Number(position)));
        looks += 1;
      }
      return { seen, looks };
    }

    async function write(customers: CustomerStore, random: Random, name: string): Promise<void> {
      const ids: string[] = [];
      for (let count = 0; count < writesPerWriter; count++) {
        const outcome = await writeSomething(customers, random, ids, name).catch(() => undefined);
        if (!outcome || outcome.validated) continue;
        if (outcome.created) ids.push(outcome.id);
        const version = `${outcome.id} ${outcome.etag.slice(1, -1)}`;
        // A write that changed nothing returns the head instead.
        if (!positions.has(version)) positions.set(version, outcome.feedPosition);
      }
    }
  });
});

/** Some writes fail, are dry runs or change nothing; none of these may use a position. */
function writeSomething(customers: CustomerStore, random: Random, ids: readonly string[], name: string) {
  const kind = random.integer(0, 9);
  const context = plainContext({ validateOnly: random.integer(0, 9) === 0 });
  const id = ids.length > 0 ? random.pick(ids) : undefined;
  if (!id || kind < 4) {
    const email = kind === 0 ? 'contested@example.com' : null;
    return customers.write(createCommand({ name, email }), context);
  }
  if (kind < 7) return customers.write(updateCommand(id, { note: `${random.integer(1, 3)}` }, {}), context);
  const target = { id, precondition: {} };
  return customers.write({ kind: kind < 9 ? 'delete' : 'restore', ...target }, plainContext());
}
