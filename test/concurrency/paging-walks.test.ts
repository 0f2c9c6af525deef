/** Paging while customers are created, changed and deleted. */

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Customer, CustomerList } from '../../src/contract/types.ts';
import type { Cleanup } from '../support/cleanup.ts';
import { describeEngines, type EngineName } from '../support/engines.ts';
import { type Random, randomFrom } from '../support/random.ts';
import { startTestService } from '../support/service.ts';
import { byTier } from '../support/tier.ts';

const batches = byTier({ full: 1, soak: 25 });
const walksPerBatch = byTier({ quick: 30, full: 200 });
const settledCount = 36;
const changingCount = 12;
const sorts = ['createdAt', '-createdAt', 'updatedAt', '-updatedAt', 'name', '-name'] as const;
const filterChoices: readonly Readonly<Record<string, string>>[] = [
  {},
  { includeDeleted: 'true' },
  { status: 'active' },
  { tag: 'walked' },
  { type: 'person', includeDeleted: 'true' },
  { createdAfter: '2020-01-01T00:00:00Z' },
  { q: 'WALKED:' },
  { q: 'wa', status: 'active' },
];

describeEngines('paging over changing data', (engine) => {
  for (let batch = 0; batch < batches; batch++) {
    test(`every customer that existed throughout is seen once, batch ${batch + 1}`, async (t) => {
      const random = randomFrom(`paging ${engine} ${batch}`);
      await walkMany(await startCrowd(t, engine, random), random, t);
    });
  }
});

async function walkMany(population: Population, random: Random, t: TestContext): Promise<void> {
  const figures = { pages: 0, customers: 0, changes: 0 };
  for (let walk = 0; walk < walksPerBatch; walk++) {
    const filters = random.pick(filterChoices);
    // A search supports one order, in both directions.
    const possible = filters.q === undefined ? sorts : sorts.slice(0, 2);
    const sort = possible[walk % possible.length] ?? 'name';
    const seen = await walkOnce({ ...filters, sort, limit: String(random.integer(2, 14)) });
    const times = countOf(seen);
    for (const id of population.settled) assert.equal(times.get(id) ?? 0, 1, `walk ${walk}, ${sort}: ${id}`);
    // A changed customer moves in the order of changes and may appear again; in other orders none may.
    if (!sort.endsWith('updatedAt')) assert.equal(times.size, seen.length, `walk ${walk}, ${sort}: repeated`);
    figures.customers += seen.length;
  }
  t.diagnostic(`${walksPerBatch} walks: ${JSON.stringify(figures)}, 0 skipped, 0 repeated`);

  async function walkOnce(query: Record<string, string>): Promise<string[]> {
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const page: Promise<CustomerList> = population.read(cursor === null ? query : { ...query, cursor });
      const [{ items, nextCursor }] = await Promise.all([page, changeMeanwhile()]);
      seen.push(...items.map(({ id }) => id));
      figures.pages += 1;
      cursor = nextCursor;
    } while (cursor !== null);
    return seen;
  }

  /** Changes data while a page is read, and thus also between two pages. */
  async function changeMeanwhile(): Promise<void> {
    const changes = random.integer(0, 2);
    figures.changes += changes;
    for (let count = 0; count < changes; count++) await population.change();
  }
}

interface Population {
  /** Customers that do not change. */
  readonly settled: readonly string[];
  /** Creates, changes, deletes or restores one of the others. */
  change(): Promise<void>;
  read(query: Record<string, string>): Promise<CustomerList>;
}

async function startCrowd(cleanup: Cleanup, engine: EngineName, random: Random): Promise<Population> {
  // A coarse clock, so that many customers share a time and only the tie-break orders them.
  const clock = () => Math.floor(Date.now() / 40) * 40;
  const service = await startTestService(cleanup, { engine, clock });
  let number = 0;
  const create = async () => {
    const body = { name: nameFrom(random), tags: ['walked'], externalId: `walked:${number++}` };
    return (await service.call<Customer>('POST', '/customers', { body })).json.id;
  };
  const settled: string[] = [];
  const changing: string[] = [];
  for (let index = 0; index < settledCount; index++) {
    settled.push(await create());
    if (index < changingCount) changing.push(await create());
  }
  return {
    settled,
    async change() {
      const index = random.integer(0, changing.length - 1);
      const path = `/customers/${changing[index]}`;
      const kind = random.integer(0, 9);
      if (kind === 0) changing[index] = await create();
      if (kind < 4) await service.call('DELETE', path);
      else if (kind < 7) await service.call('POST', `${path}/restore`);
      else if (kind < 9) await service.call('PATCH', path, { body: { note: `changed ${random.next()}` } });
      else await service.call('PATCH', path, { body: { email: `new${number++}@example.com` } });
    },
    async read(query) {
      const { status, json } = await service.call<CustomerList>('GET', '/customers', { query });
      assert.equal(status, 200);
      return json;
    },
  };
}

/** From a few letters, so that many names fold to the same key. */
function nameFrom(random: Random): string {
  return Array.from({ length: random.integer(1, 3) }, () => random.pick([...'aAbBéEçÇ\u{1f600}'])).join('');
}

function countOf(ids: readonly string[]): Map<string, number> {
  const times = new Map<string, number>();
  for (const id of ids) times.set(id, (times.get(id) ?? 0) + 1);
  return times;
}
