/** POST /customers/import: the result of each line. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { v7 as uuidv7 } from 'uuid';
import type { Customer, ImportResult } from '../../src/contract/types.ts';
import { suiteCleanup } from '../support/cleanup.ts';
import { describeEngines } from '../support/engines.ts';
import { csv, importText, ndjson } from '../support/import-call.ts';
import { startTestService, type TestService } from '../support/service.ts';

const path = '/customers/import';

describeEngines('importCustomers', (engine) => {
  const cleanup = suiteCleanup();
  let service: TestService;
  let count = 0;

  before(async () => {
    service = await startTestService(cleanup, { engine });
  });

  async function importLines(lines: readonly unknown[], query = {}): Promise<ImportResult[]> {
    const texts = lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line)));
    return importText(service, texts.join('\n'), ndjson, query);
  }

  const read = async (id: string | undefined) =>
    (await service.call<Customer>('GET', `/customers/${id}`)).json;
  const externalId = () => `import:${++count}`;

  test('each line returns 201 created, 200 updated or 200 unchanged', async () => {
    const key = externalId();
    const line = { externalId: key, name: 'Ada', tags: ['a'], metadata: { one: '1' } };
    const results = await importLines([line, line, { externalId: key, note: 'New' }]);
    const [{ id } = {}] = results;
    assert.deepEqual(results, [
      { line: 1, status: 201, outcome: 'created', id },
      { line: 2, status: 200, outcome: 'unchanged', id },
      { line: 3, status: 200, outcome: 'updated', id },
    ]);
    assert.equal((await read(id)).version, 2);
  });

  test('an absent member keeps its value, and null clears it', async () => {
    const key = externalId();
    const address = { line1: '1 Main St', city: 'Wien' };
    const whole = {
      externalId: key,
      name: 'Ada',
      phone: '+4930231',
      address,
      tags: ['a'],
      metadata: { a: '1', b: '2' },
    };
    const patch = { externalId: key, phone: null, address: { city: null }, metadata: { a: null, c: '3' } };
    const [, result] = await importLines([whole, patch]);
    const { name, phone, tags, metadata, address: left } = await read(result?.id);
    assert.deepEqual([name, phone, tags, metadata], ['Ada', null, ['a'], { b: '2', c: '3' }]);
    assert.deepEqual([left?.line1, left?.city], ['1 Main St', null]);
  });

  test('creates under the id of the line, and ignores read-only members', async () => {
    const id = uuidv7();
    const set = {
      version: 7,
      etag: '"7"',
      createdAt: '2001-01-01T00:00:00.000Z',
      updatedAt: 5,
      deletedAt: 'x',
    };
    assert.deepEqual(await importLines([{ id, name: 'Ada', ...set }]), [
      { line: 1, status: 201, outcome: 'created', id },
    ]);
    const { version, deletedAt, createdAt } = await read(id);
    assert.deepEqual([version, deletedAt, createdAt > '2020'], [1, null, true]);
  });

  test('lines take effect in order, whether they name the customer by id or externalId', async () => {
    const [one, other, id] = [externalId(), externalId(), uuidv7()];
    const results = await importLines([
      { id, externalId: one, name: 'First' },
      { externalId: one, name: 'Second' },
      { id, note: 'third' },
      { id, externalId: other },
      { externalId: one, name: 'Another customer' },
      { externalId: other, name: 'Sixth' },
      { id, note: 'seventh' },
    ]);
    assert.deepEqual(
      results.map(({ outcome, id: found }) => `${outcome} ${found === id}`),
      [
        'created true',
        'updated true',
        'updated true',
        'updated true',
        'created false',
        'updated true',
        'updated true',
      ],
    );
    const { name, note, version } = await read(id);
    assert.deepEqual([name, note, version], ['Sixth', 'seventh', 6]);
  });

  test('of two lines with the same email, the first gets it', async () => {
    const email = `${externalId().replace(':', '')}@example.com`;
    const [first, second, third] = await importLines([
      { name: 'First', email },
      { name: 'Second', email: email.toUpperCase() },
      { externalId: externalId(), name: 'Third', email },
    ]);
    assert.deepEqual([first?.status, second?.status, third?.status], [201, 409, 409]);
    assert.equal(second?.problem?.code, 'email_taken');
  });

  test('409 when id and externalId belong to different customers', async () => {
    const [one, id] = [externalId(), uuidv7()];
    const results = await importLines([
      { externalId: one, name: 'One' },
      { id, name: 'Other' },
      { id, externalId: one, name: 'Which?' },
      { id: uuidv7(), externalId: one, name: 'Nobody' },
    ]);
    assert.deepEqual(
      results.map(({ status, problem }) => problem?.code ?? status),
      [201, 201, 'external_id_taken', 'external_id_taken'],
    );
  });

  test('410 for a deleted customer; its externalId is free', async () => {
    const [key, id] = [externalId(), uuidv7()];
    await importLines([{ id, externalId: key, name: 'Ada' }]);
    assert.equal((await service.call('DELETE', `/customers/${id}`)).status, 204);
    const [byId, byKey] = await importLines([
      { id, name: 'Back' },
      { externalId: key, name: 'New' },
    ]);
    assert.deepEqual([byId?.status, byId?.problem?.code], [410, 'customer_deleted']);
    assert.equal(byKey?.status, 201);
    assert.notEqual(byKey?.id, id);
  });

  test('each kind of bad line fails alone', async (context) => {
    const bad: readonly (readonly [line: string | Buffer, code: string])[] = [
      ['{"name":', 'malformed_json'],
      ['{"name":"A","name":"B"}', 'malformed_json'],
      [`${'['.repeat(40)}${']'.repeat(40)}`, 'malformed_json'],
      [Buffer.from([0x7b, 0xff, 0x7d]), 'malformed_json'],
      ['5', 'invalid_request'],
      ['null', 'invalid_request'],
      ['[]', 'invalid_request'],
      ['{}', 'invalid_request'],
      ['{"name":null}', 'invalid_request'],
      ['{"name":"A","emial":"a@example.com"}', 'invalid_request'],
      ['{"name":"A","\\ud800":1}', 'invalid_request'],
      ['{"name":"\\ud800"}', 'invalid_request'],
      ['{"name":"A\\u0000"}', 'invalid_request'],
      ['{"name":"A","__proto__":{}}', 'invalid_request'],
      ['{"name":"A","timeZone":"Mars/Base"}', 'invalid_request'],
      ['{"name":"A","phone":"12"}', 'invalid_request'],
      ['{"name":"A","tags":["a","a"]}', 'invalid_request'],
      ['{"name":"A","metadata":{"a b":"c"}}', 'invalid_request'],
      ['{"name":"A","type":null}', 'invalid_request'],
      ['{"id":"urn:uuid:0198c5a2-7c1e-7b3a-9d42-5e1f0a6b8c37","name":"A"}', 'invalid_request'],
      [`{"name":"${'x'.repeat(65_536)}"}`, 'body_too_large'],
    ];
    const good = () => Buffer.from(`${JSON.stringify({ externalId: externalId(), name: 'Good' })}\n`);
    const parts = bad.flatMap(([line]) => [Buffer.from(line), Buffer.from('\r\n\n'), good()]);
    const results = await importText(service, Buffer.concat(parts));
    assert.deepEqual(
      results.map(({ line, problem, status }) => [line, problem?.code ?? status]),
      bad.flatMap(([, code], index) => [
        [index * 3 + 1, code],
        [index * 3 + 3, 201],
      ]),
    );
    context.diagnostic(`${bad.length} kinds of bad lines, each between good ones`);
  });

  test('a validation error names its location', async () => {
    const [result] = await importLines([{ name: 'A', metadata: { 'a/b': 5 }, address: { country: 'XX' } }]);
    assert.deepEqual(result?.problem?.errors?.map(({ pointer }) => pointer).sort(), [
      '#/address/country',
      '#/metadata/a~1b',
    ]);
  });

  test('validateOnly checks each line against the real indexes and stores nothing', async () => {
    const [key, free, id] = [externalId(), externalId(), uuidv7()];
    await importLines([{ id, externalId: key, name: 'Ada' }]);
    const results = await importLines(
      [
        { externalId: key, name: 'Ada' },
        { externalId: key, name: 'Grace' },
        { externalId: free, name: 'New' },
        { id: uuidv7(), externalId: key, name: 'Taken' },
        { name: 5 },
      ],
      { validateOnly: true },
    );
    assert.deepEqual(
      results.map(({ status, outcome }) => `${status} ${outcome}`),
      ['200 unchanged', '200 updated', '201 created', '409 refused', '422 refused'],
    );
    assert.equal((await read(id)).version, 1);
    const { json } = await service.call<{ items: [] }>('GET', '/customers', { query: { externalId: free } });
    assert.deepEqual(json.items, []);
  });

  test('400 and 422 for the whole request, before anything is stored', async () => {
    const refusals: readonly (readonly [string, Record<string, string>, number, string])[] = [
      ['', ndjson, 422, 'invalid_request'],
      ['\n \r\n\n', ndjson, 422, 'invalid_request'],
      ['', csv, 422, 'invalid_request'],
      ['name,emial\nA,b\n', csv, 422, 'invalid_request'],
      ['name,name\nA,b\n', csv, 422, 'invalid_request'],
      ['"name\nA\n', csv, 400, 'malformed_csv'],
      ['{"name":"A"}\n', { ...ndjson, 'Idempotency-Key': 'k' }, 400, 'malformed_request'],
      ['{"name":"A"}\n', { 'Content-Type': 'application/json' }, 415, 'unsupported_media_type'],
    ];
    const count = async () =>
      (await service.call<{ total: number }>('GET', '/customers', { query: { includeTotal: true } })).json
        .total;
    const held = await count();
    for (const [body, headers, status, code] of refusals) {
      const reply = await service.call('POST', path, { body: Buffer.from(body), headers });
      assert.deepEqual([reply.status, reply.problem.code], [status, code], JSON.stringify(body));
    }
    assert.equal(await count(), held);
  });
});
