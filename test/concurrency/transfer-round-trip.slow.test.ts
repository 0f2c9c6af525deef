/**
 * Exporting, importing into an empty service and exporting again gives the same bytes, in and across both
 * databases.
 */

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type EngineName, engines } from '../support/engines.ts';
import { type Random, randomFrom } from '../support/random.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { byTier } from '../support/tier.ts';

const count = byTier({ full: 700, soak: 20_000 });
const mediaTypes = ['application/x-ndjson', 'text/csv'] as const;

const texts = [
  'Zoë Müller-Schäfer',
  '山田 花子',
  "'=1+1",
  '=HYPERLINK("http://example.com","x")',
  '+1',
  "''@",
  ' leading and trailing ',
  'a "quoted", text\r\nwith\nlines\rand\ttabs',
  '\ufeffmark',
  '🙂👩‍👩‍👧',
  "O'Neill",
  '\u0001\u001f\u007f\u2028\u2029',
  '"',
  ',',
  "'",
];

for (const from of engines) {
  for (const to of engines) {
    test(`from ${from} to ${to}`, async (context) => {
      const source = await startTestService(context, { engine: from });
      const random = randomFrom(`round trip from ${from}`);
      const lines = Array.from({ length: count }, (_, index) => JSON.stringify(anyCustomer(random, index)));
      await importText(source, lines.join('\n'), 'application/x-ndjson', 'created');
      // Updated customers too, and one that is deleted.
      await importText(
        source,
        lines.map((line) => line.replace('"name":"', '"name":"New ')).join('\n'),
        'application/x-ndjson',
        'updated',
      );
      for (const mediaType of mediaTypes) await roundTrip(context, source, to, mediaType);
    });
  }
}

async function roundTrip(
  context: TestContext,
  source: TestService,
  to: EngineName,
  mediaType: (typeof mediaTypes)[number],
): Promise<void> {
  const target = await startTestService(context, { engine: to });
  const exported = await exportText(source, mediaType);
  await importText(target, exported, mediaType, 'created');
  const again = await exportText(target, mediaType);
  assert.equal(withoutVersions(again), withoutVersions(exported));
  await importText(target, exported, mediaType, 'unchanged');
  context.diagnostic(`${mediaType}: ${count} customers, ${exported.length} characters, identical again`);
}

async function importText(
  { call }: TestService,
  body: string,
  mediaType: string,
  expected: string,
): Promise<void> {
  const headers = { 'Content-Type': mediaType };
  const { text } = await call('POST', '/customers/import', {
    body: Buffer.from(body),
    headers,
    timeoutMs: 300_000,
  });
  const results = text.trimEnd().split('\n');
  const others = results.filter((line) => !line.includes(`"outcome":"${expected}"`));
  assert.deepEqual([results.length, others.slice(0, 3)], [count, []]);
}

async function exportText({ call }: TestService, mediaType: string): Promise<string> {
  const headers = { Accept: mediaType };
  return (await call('GET', '/customers/export', { headers, timeoutMs: 300_000 })).text;
}

/** Removes version, etag and times. */
function withoutVersions(text: string): string {
  return text
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, '<time>')
    .replace(/"version":\d+,"etag":"\\"\d+\\""/g, '<version>')
    .replace(/,\d+,"""\d+""",<time>/g, ',<version>,<time>');
}

function anyCustomer(random: Random, index: number): object {
  const maybe = <T>(value: T) => (random.boolean() ? value : null);
  const text = () => random.pick(texts);
  const part = () => maybe(random.pick(['Wien', '=A1', "'-x", 'a,b']));
  return {
    externalId: `round:${index}`,
    name: text(),
    type: random.pick(['person', 'organization']),
    status: random.pick(['active', 'inactive']),
    email: maybe(`=cmd${index}@example.com`),
    phone: maybe(`+4930${String(index).padStart(7, '0')}`),
    locale: maybe('pt-BR'),
    timeZone: maybe('America/Sao_Paulo'),
    address: maybe({ line1: part(), city: part(), region: part(), country: maybe('BR') }),
    tags: random.boolean() ? [...new Set([text(), text()])] : [],
    note: maybe(text()),
    metadata: random.boolean() ? { [`k.${index}`]: text(), empty: '', __proto: '' } : {},
  };
}
