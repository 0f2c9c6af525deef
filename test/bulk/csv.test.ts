import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { bulkFormats } from '../../src/bulk/formats.ts';
import type { Customer } from '../../src/contract/types.ts';
import { randomFrom } from '../support/random.ts';
import { inChunks } from '../support/streaming.ts';

const { read, render } = bulkFormats['text/csv'];

/** Any text that both databases can store, often with characters special to CSV or spreadsheets. */
const anyText = fc
  .oneof(
    fc.string({ unit: 'binary', minLength: 1 }),
    fc.array(fc.constantFrom(',', '"', '\n', '\r', '\r\n', "'", '=', '+', '@', ' ', '\ufeff', 'é', ';'), {
      minLength: 1,
      maxLength: 9,
    }),
  )
  .map((text) =>
    [text]
      .flat()
      .join('')
      .replaceAll('\0', '0')
      .replace(/\p{Surrogate}/gu, '?'),
  );
const optional = fc.option(anyText);
const address = fc.record(
  {
    line1: optional,
    line2: optional,
    city: optional,
    region: optional,
    postalCode: optional,
    country: fc.constant('AT'),
  },
  { noNullPrototype: true },
);
const customer = fc.record(
  {
    id: fc.uuid(),
    externalId: optional,
    type: fc.constantFrom('person', 'organization'),
    name: anyText,
    email: optional,
    phone: fc.option(fc.constant('+493023125014')),
    locale: optional,
    timeZone: optional,
    address: fc.option(address),
    status: fc.constantFrom('active', 'inactive'),
    tags: fc.array(anyText, { maxLength: 3 }),
    note: optional,
    metadata: fc.dictionary(anyText, fc.oneof(fc.constant(''), anyText), {
      maxKeys: 3,
      noNullPrototype: true,
    }),
    version: fc.nat(),
    etag: fc.constant('"3"'),
    createdAt: fc.constant('2026-03-14T09:26:53.589Z'),
    updatedAt: fc.constant('2026-03-14T09:26:53.589Z'),
    deletedAt: fc.constant(null),
  },
  { noNullPrototype: true },
);

suite('CSV', () => {
  // Planted: a carriage return that readLines took for a line end. It went missing from a quoted cell.
  test('reads back what it writes, however the bytes are split into chunks', async (context) => {
    const runs = 500;
    await fc.assert(
      fc.asyncProperty(
        fc.array(customer, { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 1, max: 99 }),
        async (customers, size) => {
          const csv = await bytesOf(customers as Customer[]);
          const values = await valuesOf(inChunks(csv, [size]));
          assert.deepEqual(values, customers.map(asRead));
          // A byte order mark makes no difference.
          assert.deepEqual(
            await valuesOf(inChunks(Buffer.concat([Buffer.from('\ufeff'), csv]), [4096])),
            values,
          );
        },
      ),
      { seed: randomFrom('csv').seed, numRuns: runs },
    );
    context.diagnostic(`${runs} files of up to 5 customers`);
  });

  test('a damaged file loses only its damaged lines and never fails as a whole', async (context) => {
    const runs = 1_000;
    let read = 0;
    let refused = 0;
    const pieces = fc.array(fc.constantFrom('"', '""', ',', '\n', '\r\n', 'a', ' ', '\xff', 'b"c'), {
      maxLength: 40,
    });
    await fc.assert(
      fc.asyncProperty(pieces, async (parts) => {
        const bytes = Buffer.from(`name,note\nfirst,x\n${parts.join('')}\nlast,y\n`, 'latin1');
        const records = await recordsOf(inChunks(bytes, [5]));
        assert.deepEqual(records[0], { line: 2, value: { name: 'first', note: 'x' } });
        const { line, ...last } = records.at(-1) ?? { line: 0 };
        assert.equal(line, bytes.toString('latin1').split('\n').length - 1);
        // A stray quote in the line before may swallow this one, which is then not valid CSV either.
        if (!parts.join('').includes('"')) assert.deepEqual(last, { value: { name: 'last', note: 'y' } });
        for (const record of records) 'failure' in record ? refused++ : read++;
      }),
      { seed: randomFrom('damaged csv').seed, numRuns: runs },
    );
    context.diagnostic(`${runs} files, ${read} lines read, ${refused} refused`);
  });

  test('an unclosed quote costs one line, and time proportional to its length', async () => {
    const lines = Array.from({ length: 30_000 }, (_, index) => `${index},x`);
    lines.splice(1000, 0, 'a,"b');
    const records = await recordsOf(inChunks(Buffer.from(`name,note\n${lines.join('\n')}\n`), [65_536]));
    assert.deepEqual(
      records.flatMap((record) => ('failure' in record ? [record.line] : [])),
      [1002],
    );
    assert.equal(records.length, 30_001);
  });
});

async function bytesOf(customers: readonly Customer[]): Promise<Buffer> {
  const page = Buffer.from(customers.map((each) => `${JSON.stringify(each)}\n`).join(''));
  const chunks: Uint8Array[] = [];
  for await (const chunk of render(
    (async function* () {
      yield page;
    })(),
  ))
    chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function recordsOf(source: AsyncIterable<Uint8Array>) {
  const records = [];
  for await (const batch of read(source)) records.push(...batch);
  return records;
}

async function valuesOf(source: AsyncIterable<Uint8Array>): Promise<unknown[]> {
  return (await recordsOf(source)).map((record) => {
    assert.ok('value' in record, JSON.stringify(record));
    return record.value;
  });
}

const addressParts = ['line1', 'line2', 'city', 'region', 'postalCode', 'country'];

/** A customer as read back: empty values are null, and a null address has only null members. */
function asRead(customer: Record<string, unknown>): unknown {
  const nothing = (value: unknown) => (Object.keys(value as object).length === 0 ? null : value);
  return {
    ...customer,
    address: customer.address ?? Object.fromEntries(addressParts.map((part) => [part, null])),
    tags: nothing(customer.tags),
    metadata: nothing(customer.metadata),
  };
}
