/** POST /customers/import with CSV. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { Customer } from '../../src/contract/types.ts';
import { suiteCleanup } from '../support/cleanup.ts';
import { describeEngines } from '../support/engines.ts';
import { csv, importText } from '../support/import-call.ts';
import { startTestService, type TestService } from '../support/service.ts';

describeEngines('importCustomers, CSV', (engine) => {
  const cleanup = suiteCleanup();
  let service: TestService;

  before(async () => {
    service = await startTestService(cleanup, { engine });
  });

  const read = async (id: string | undefined) =>
    (await service.call<Customer>('GET', `/customers/${id}`)).json;

  test('a missing column keeps the value, an empty cell clears it; quoted text may contain quotes and line breaks', async () => {
    const key = 'csv:1';
    const text = (rows: readonly string[], end: string) => Buffer.from(`\ufeff${rows.join(end)}${end}`);
    const first = [
      'externalId,name,note,tags,metadata,address.city,phone',
      `${key},"Ada ""A"" Lovelace","one,\r\ntwo","[""a"",""b""]","{""k"":""""}",Wien,'+4930231`,
    ];
    const [created] = await importText(service, text(first, '\r\n'), csv);
    const customer = await read(created?.id);
    assert.deepEqual(
      [created?.line, customer.name, customer.note, customer.tags, customer.metadata, customer.phone],
      [2, 'Ada "A" Lovelace', 'one,\r\ntwo', ['a', 'b'], { k: '' }, '+4930231'],
    );
    const [updated] = await importText(
      service,
      text(['tags,externalId,address.city', `,${key},`], '\n'),
      csv,
    );
    const { name, tags, address, note } = await read(updated?.id);
    assert.deepEqual([name, tags, address, note], ['Ada "A" Lovelace', [], null, 'one,\r\ntwo']);
  });

  test('a stray quote fails only its own line', async () => {
    const rows = [
      'name,note',
      'One,"open',
      'Two,x',
      'Three,"a""b"',
      'Four',
      'Five,"x"y',
      'Six,"a',
      'b"',
      '',
      'Seven,{',
    ];
    const results = await importText(service, rows.join('\n'), csv);
    assert.deepEqual(
      results.map(({ line, status }) => [line, status]),
      [
        [2, 400],
        [3, 201],
        [4, 201],
        [5, 400],
        [6, 400],
        [7, 201],
        [10, 201],
      ],
    );
    const [json] = await importText(service, 'name,tags\nA,vip\n', csv);
    assert.deepEqual([json?.status, json?.problem?.errors?.[0]?.pointer], [422, '#/tags']);
  });
});
