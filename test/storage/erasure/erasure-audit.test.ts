/** After an erasure, no SQLite file and no PostgreSQL row contains anything of the customer. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { before, test } from 'node:test';
import type { Customer, ErasureReceipt } from '../../../src/contract/types.ts';
import { suiteCleanup } from '../../support/cleanup.ts';
import { describeEngines } from '../../support/engines.ts';
import { runCommand, startCommand } from '../../support/process.ts';
import { randomFrom } from '../../support/random.ts';
import { startTestService, type TestService } from '../../support/service.ts';
import { byTier } from '../../support/tier.ts';
import { openDirectly, select, sqliteFile } from '../direct-engine.ts';

const customersCount = byTier({ quick: 60, full: 240, soak: 4000 });
const erasedCount = customersCount / 4;

describeEngines('the data of an erased customer', (engine) => {
  const cleanup = suiteCleanup();
  const random = randomFrom(`traces ${engine}`);
  let service: TestService;
  before(async () => {
    service = await startTestService(cleanup, { engine });
  });

  let canariesCount = 0;
  /** Random and unique, so that it sorts anywhere in an index and another customer's data is no match. */
  const canary = () =>
    `kanari${Math.floor(random.next() * 2 ** 32)
      .toString(36)
      .padStart(7, '0')}${String(canariesCount++).padStart(5, '0')}`;
  /** A customer with the canary in every text and random sizes, so that pages split anywhere. */
  const body = (text: string) => ({
    externalId: `${text}:x`,
    name: `${text.toUpperCase()} Name`,
    email: `${text}@Example.com`,
    note: `${text} note ${'n'.repeat(random.integer(0, 900))}`,
    address: { line1: `${text} line`, line2: text, city: text, region: text, postalCode: text },
    tags: [`${text} tag`, text],
    metadata: { [text]: `${text} "quoted"` },
  });
  const call = (method: string, path: string, body?: object, headers: Record<string, string> = {}) =>
    service.call<Customer>(method, path, { body, headers });

  /** Creates a customer of several versions, keyed, live or deleted, and returns every canary it ever had. */
  async function live() {
    const canaries = [canary(), canary(), canary()];
    const [first = '', second = '', third = ''] = canaries;
    const key = { 'Idempotency-Key': first };
    const { id } = (await call('POST', '/customers', body(first), key)).json;
    await call('PUT', `/customers/${id}`, body(second));
    await call('PATCH', `/customers/${id}`, { ...body(third), phone: '+4366012345678' });
    if (random.boolean()) await call('DELETE', `/customers/${id}`);
    return { id, canaries, key };
  }

  /** The canaries found in a row or, on SQLite, in a file, with their location. */
  async function found(canaries: readonly string[]): Promise<string[]> {
    const texts = engine === 'sqlite' ? bytesOfFiles(service.databaseUrl) : await textsOfRows();
    return texts.flatMap(({ place, text }) =>
      canaries.filter((each) => text.includes(each)).map((each) => `${each} in ${place}`),
    );
  }

  async function textsOfRows() {
    const direct = openDirectly(cleanup, service.databaseUrl);
    const tables = await select<{ name: string }>(
      direct,
      "SELECT tablename AS name FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')",
    );
    const texts: { place: string; text: string }[] = [];
    for (const { name } of tables) {
      const rows = await select<{ text: string }>(direct, `SELECT t::text AS text FROM "${name}" AS t`);
      texts.push({ place: name, text: rows.map(({ text }) => text.toLowerCase()).join('\n') });
    }
    await direct.close();
    return texts;
  }

  // Planted: files not scrubbed after the rows were deleted. Most canaries were found in the file and its
  // log.
  test(`is gone for each of ${erasedCount} among ${customersCount} customers`, async (t) => {
    const all: Awaited<ReturnType<typeof live>>[] = [];
    while (all.length < customersCount) {
      all.push(...(await Promise.all(Array.from({ length: 50 }, live))));
    }
    const erased = all.filter((_, index) => index % 4 === 0);
    const kept = all.filter((_, index) => index % 4 !== 0);
    for (let index = 0; index < erased.length; index += 5) {
      const receipts = await Promise.all(
        erased.slice(index, index + 5).map(({ id }) => call('POST', `/customers/${id}/erase`)),
      );
      for (const { status, json } of receipts) {
        assert.equal(status, 200);
        const { scrubbed } = json as unknown as ErasureReceipt;
        assert.ok(scrubbed.versions >= 3 && scrubbed.idempotencyKeys === 1);
      }
    }
    const canaries = erased.flatMap((each) => each.canaries);
    assert.deepEqual(await found(canaries), []);
    const others = kept.flatMap((each) => each.canaries);
    assert.ok(
      (await found(others)).length >= others.length,
      'the canaries of the others are not found either',
    );
    for (const { id, key, canaries } of erased.slice(0, 10)) {
      assert.equal((await call('GET', `/customers/${id}`)).problem.code, 'customer_erased');
      const repeat = await call('POST', '/customers', body(canaries[0] ?? ''), key);
      assert.deepEqual([repeat.status, repeat.problem.code], [410, 'customer_erased']);
    }
    t.diagnostic(
      `${customersCount} customers, ${erased.length} erased, ${canaries.length} canaries: 0 found`,
    );
  });

  test('its history keeps version, kind, time, actor and request, and the feed keeps its positions', async () => {
    const { id } = await live();
    const before = await entriesOf(id);
    await call('POST', `/customers/${id}/erase`, undefined, { 'X-Request-Id': 'erasing-request' });
    const after = await entriesOf(id);
    const expected = before.map((entry) => ({ ...entry, has_content: 0 }));
    assert.deepEqual(after.slice(0, -1), expected);
    const { kind, version, source, request_id, has_content } = after.at(-1) as Record<string, unknown>;
    assert.deepEqual([kind, version, source], ['erased', before.length + 1, 'api']);
    assert.deepEqual([request_id, has_content], ['erasing-request', 0]);
  });

  async function entriesOf(id: string) {
    const direct = openDirectly(cleanup, service.databaseUrl);
    const rows = await select<Record<string, string | number>>(
      direct,
      'SELECT position, version, kind, source, at, actor, request_id, ' +
        'CASE WHEN image IS NULL AND changes IS NULL THEN 0 ELSE 1 END AS has_content ' +
        'FROM changes WHERE customer_id = ? ORDER BY version',
      id,
    );
    await direct.close();
    return rows.map((row) => ({ ...row, position: Number(row.position), version: Number(row.version) }));
  }
});

describeEngines('erase-check', (engine) => {
  const cleanup = suiteCleanup();

  test('finds a customer while the service runs and nothing after the erasure, and lists where it looked', async (t) => {
    const first = await startTestService(cleanup, { engine });
    await first.stop();
    const env = { PORT: '0', DATABASE_URL: first.databaseUrl, LOG_LEVEL: 'trace' };
    const command = await startCommand(['serve'], { env, ready: /"url":"(http:[^"]+)"/ });
    const check = (wanted: string) => runCommand(['erase-check', wanted], { env });
    let output = '';
    try {
      const body = JSON.stringify({
        name: 'Z',
        email: 'Kanari-\u00c9va@Example.com',
        externalId: 'kanari:1',
      });
      const json = { 'Content-Type': 'application/json', 'Idempotency-Key': 'kanari' };
      const url = `${command.match[1]}/customers`;
      const made = await fetch(url, { method: 'POST', headers: json, body });
      const { id } = (await made.json()) as Customer;
      for (const wanted of ['kanari-\u00e9va@example.com', 'KANARI-E\u0301VA@EXAMPLE.COM', id]) {
        const { code, stdout } = await check(wanted);
        assert.equal(code, 1, stdout);
        assert.match(stdout, /[1-9]\d* traces were found\.\n$/);
        assert.match(stdout, /table customers: 1 rows, 1 traces/);
        output += stdout;
      }
      assert.equal((await fetch(`${url}/${id}/erase`, { method: 'POST' })).status, 200);
      for (const wanted of ['kanari-\u00e9va@example.com', 'Kanari-\u00c9va@Example.com', id]) {
        const { code, stdout, stderr } = await check(wanted);
        assert.deepEqual([code, stderr], [0, ''], stdout);
        assert.match(stdout, /table changes: 2 rows, 0 traces/);
        assert.match(stdout, /No trace was found\.\n$/);
        if (engine === 'sqlite' && wanted !== id)
          assert.match(stdout, /file .*customers\.db: [\d,]+ bytes, 0/);
        output = stdout;
      }
      t.diagnostic(output.trimEnd().split('\n').at(1) ?? '');
    } finally {
      const { stdout, stderr } = await command.stop();
      assert.doesNotMatch(stdout + stderr, /kanari/i, 'the log of the service');
    }
  });

  test('refuses a value that is neither an id nor an email, and a missing database', async () => {
    const env = { DATABASE_URL: 'sqlite:/nonexistent/customers.db' };
    for (const [wanted, message] of [
      ['ada', /^customers: "ada" is neither a customer's id nor an email address\.\n$/],
      [
        'ada@example.com',
        /^customers: there is no database \/nonexistent\/customers\.db\. Set DATABASE_URL to [^\n]+\n$/,
      ],
    ] as const) {
      const { code, stdout, stderr } = await runCommand(['erase-check', wanted], { env });
      assert.equal(code, 1);
      assert.match(stderr, message);
      assert.doesNotMatch(stdout, /No trace/);
    }
  });
});

function bytesOfFiles(databaseUrl: string): { place: string; text: string }[] {
  const file = sqliteFile(databaseUrl);
  return [file, `${file}-wal`, `${file}-shm`, `${file}.lock`]
    .filter((path) => existsSync(path))
    .map((path) => ({ place: path, text: readFileSync(path, 'latin1').toLowerCase() }));
}
