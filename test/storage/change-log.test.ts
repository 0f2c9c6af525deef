/** The change log and the tag index, compared with the API's responses. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import type { Customer } from '../../src/contract/types.ts';
import { describeEngines } from '../support/engines.ts';
import { type Random, randomFrom } from '../support/random.ts';
import { startTestService } from '../support/service.ts';
import { byTier } from '../support/tier.ts';
import { openDirectly, select } from './direct-engine.ts';

const writes = byTier({ quick: 100, full: 500, soak: 5000 });
const customersMax = 12;

interface ChangeRow {
  readonly customer_id: string;
  readonly version: number | string;
  readonly kind: string;
  readonly source: string;
  readonly at: string;
  readonly actor: string;
  readonly request_id: string;
  readonly changes: string | null;
  readonly image: string;
}

/** The response to a write, under the customer version it created. */
interface Written {
  readonly text: string | undefined;
  readonly kind: string;
  readonly requestId: string;
}

describeEngines('the change log', (engine) => {
  test('has every version that the API returned, with the same content', async (t) => {
    const random = randomFrom(`change log ${engine}`);
    const service = await startTestService(t, { engine });
    const direct = openDirectly(t, service.databaseUrl);
    const written = new Map<string, Written>();
    const versions = new Map<string, number>();

    for (let count = 0; count < writes; count++) {
      const { method, path, body, kind } = requestFrom(random, [...versions.keys()]);
      const headers = { 'X-Request-Id': `write-${count}` };
      const reply = await service.call<Customer>(method, path, { ...(body ? { body } : {}), headers });
      if (reply.status >= 300) continue;
      const id = path.split('/')[2] ?? reply.json.id;
      const version = reply.status === 204 ? (versions.get(id) ?? 0) + 1 : reply.json.version;
      if (version === versions.get(id)) continue;
      versions.set(id, version);
      const text = reply.status === 204 ? undefined : reply.text;
      written.set(`${id} ${version}`, { text, kind, requestId: `write-${count}` });
      if (text) assert.equal((await service.call('GET', `/customers/${id}`)).text, text);
    }

    const rows = await select<ChangeRow>(
      direct,
      'SELECT customer_id, version, kind, source, at, actor, request_id, ' +
        'CAST(changes AS text) AS changes, CAST(image AS text) AS image FROM changes ORDER BY position',
    );
    assert.equal(
      rows.length,
      written.size,
      'a write that changed nothing added an entry, or one that changed something did not',
    );
    const before = new Map<string, Customer>();
    for (const row of rows) {
      const name = `${row.customer_id} ${row.version}`;
      assertRow(row, written.get(name), before.get(row.customer_id));
      before.set(row.customer_id, JSON.parse(row.image));
    }
    await assertRowsAreLastImages([...before.values()]);
    t.diagnostic(
      `${writes} writes: ${rows.length} versions of ${before.size} customers, 0 differ from the API`,
    );

    async function assertRowsAreLastImages(images: readonly Customer[]): Promise<void> {
      const tags = await select<{ id: string; tag: string; created_at: string }>(
        direct,
        'SELECT id, tag, customer_tags.created_at FROM customer_tags ' +
          'JOIN customers ON customers.ordinal = customer_tags.ordinal',
      );
      const indexed = tags.map(({ id, tag, created_at }) => `${id} ${tag} ${created_at}`).sort();
      const wanted = images.flatMap(({ id, tags, createdAt }) =>
        tags.map((tag) => `${id} ${tag} ${createdAt}`),
      );
      assert.deepEqual(indexed, wanted.sort());
      const listed = await service.call<{ items: Customer[] }>('GET', '/customers', {
        query: { includeDeleted: true, limit: 100 },
      });
      const byId = (one: Customer, other: Customer) => (one.id < other.id ? -1 : 1);
      assert.deepEqual(listed.json.items.toSorted(byId), images.toSorted(byId));
    }
  });
});

function assertRow(row: ChangeRow, written: Written | undefined, before: Customer | undefined): void {
  assert.ok(written, `no response had ${row.customer_id} ${row.version}`);
  assert.equal(Number(row.version), (before?.version ?? 0) + 1, 'a version is missing');
  if (written.text) assert.equal(row.image, written.text);
  const after = JSON.parse(row.image) as Customer;
  assert.deepEqual(
    [row.kind, row.source, row.actor, row.request_id, row.at],
    [written.kind, 'api', 'anonymous', written.requestId, after.updatedAt],
  );
  if (!before) assert.equal(row.changes, null);
  else assert.deepEqual(JSON.parse(row.changes ?? 'null'), differences(before, after));
}

/** The members that differ, except those that change with every version. */
function differences(before: Customer, after: Customer) {
  const names = Object.keys(after) as (keyof Customer)[];
  const marks: readonly string[] = ['version', 'etag', 'updatedAt'];
  const changed = names.filter(
    (name) => !marks.includes(name) && !isDeepStrictEqual(before[name], after[name]),
  );
  return Object.fromEntries(changed.map((name) => [name, { before: before[name], after: after[name] }]));
}

function requestFrom(random: Random, ids: readonly string[]) {
  if (ids.length < customersMax && (ids.length === 0 || random.integer(0, 9) === 0)) {
    return { method: 'POST', path: '/customers', body: bodyFrom(random), kind: 'created' };
  }
  const path = `/customers/${random.pick(ids)}`;
  const kind = random.integer(0, 9);
  if (kind < 3) return { method: 'PUT', path, body: bodyFrom(random), kind: 'replaced' };
  if (kind < 6) return { method: 'PATCH', path, body: patchFrom(random), kind: 'updated' };
  if (kind < 8) return { method: 'DELETE', path, kind: 'deleted' };
  return { method: 'POST', path: `${path}/restore`, kind: 'restored' };
}

function bodyFrom(random: Random) {
  return {
    name: random.pick(['Ada', 'Zoë', 'quote "\\ \u0001']),
    tags: random.pick([[], ['vip'], ['vip', 'ünï'], ['ünï', 'vip'], ["it's"]]),
    address: random.pick([null, { city: 'Wien' }, { city: 'Wien', country: 'AT' }]),
    metadata: random.pick([{}, { tier: 'gold' }, { b: '1', a: '2' }]),
  };
}

function patchFrom(random: Random) {
  return random.pick([
    {},
    { note: 'x' },
    { note: null, tags: null },
    { tags: ['vip'] },
    { metadata: { tier: null } },
    { metadata: { a: 'new' }, address: { city: 'Graz' } },
    { email: random.pick([null, 'a@example.com', 'b@example.com']) },
  ]);
}
