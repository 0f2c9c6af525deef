/** Text comes back exactly as sent, with the same bytes from both databases. */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import type { Customer, CustomerList } from '../../src/contract/types.ts';
import { suiteCleanup } from '../support/cleanup.ts';
import { engines } from '../support/engines.ts';
import { startTestService, type TestService } from '../support/service.ts';

const range = (from: number, to: number) =>
  String.fromCodePoint(...Array.from({ length: to - from + 1 }, (_, index) => from + index));

/** Texts that some layer between client and disk is known to alter. */
const texts = [
  range(0x01, 0x1f),
  range(0x20, 0x7f),
  range(0x80, 0xff),
  'quotes " \' ` \\ \\" \\\\ / \\/ \\u0041 \\n',
  '</script><!-- & &amp; %00 %s {0} $',
  "'); DROP TABLE customers;-- ? $1 :name @p",
  '  leading and trailing \t ',
  'CRLF\r\nCR\rLF\nNEL\u0085LS\u2028PS\u2029VT\u000bFF\u000c',
  'NFC \u00e9 NFD e\u0301 \u212b \u1e9b\u0323 \ufb01 \uff21',
  '\ufeffbyte order mark\ufeff',
  'noncharacters \ufffe \uffff \u{1fffe} \u{10ffff} replacement \ufffd',
  'private \ue000 \u{f0000} tag \u{e0041} variation \u2764\ufe0f',
  '\u202ebidi\u202c \u200f\u061c \u200b\u200d\u2060\u00ad',
  '\u{1f468}\u200d\u{1f469}\u200d\u{1f467}\u{1f3fd} \u{1f1e6}\u{1f1f9} \u{20000}',
  'Ελλάδα Россия 日本語 한국어 العربية עברית हिन्दी ไทย ß ẞ İ ı ŉ ǆ',
  'null',
  'true',
  '{}',
  '[]',
  '0',
  '1e3',
  'NaN',
  '-0',
  '"quoted"',
];

/** Cuts by code points, so that no character is split. */
const shortened = (text: string, length: number) => [...text].slice(0, length).join('');

/** A customer with the text in every free-text member. */
function bodyWith(text: string) {
  const place = shortened(text, 100);
  return {
    name: text,
    address: { line1: text, line2: text, city: place, region: place, postalCode: shortened(text, 20) },
    tags: [place],
    note: text,
    metadata: { 'b.key': text, a: text, '10': text, '9': text, __proto: text },
  };
}

const words =
  'Ångström angstrom ANGSTROM Zürich zurich e\u0301clair Éclair eclair strasse ñandú fire full 日本 한국 Россия';
const names = [
  ...words.split(' '),
  // UTF-16 order would put the emoji before the half-width sign; byte order puts it after.
  ...['\uffee', '\u{1f600}', ' space', '_', '-', '1', '10', '2', 'É', 'é', 'e', 'Z'],
  // Only the first 100 characters are compared, so these two are ordered by id.
  ...[`${'\u{1f600}'.repeat(100)}z`, `${'\u{1f600}'.repeat(100)}a`, `${'\u{1f600}'.repeat(99)}b`],
];

/** The sort key of a name, written independently of the service from the contract's description. */
function folded(name: string): string {
  return shortened(name.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase(), 100);
}

describe('text fidelity', () => {
  const cleanup = suiteCleanup();
  let services: TestService[];
  before(async () => {
    services = await Promise.all(
      engines.map((engine) => {
        let ids = 0;
        let seconds = 0;
        return startTestService(cleanup, {
          engine,
          ids: () => `0198c5a2-0000-7000-8000-${String(++ids).padStart(12, '0')}`,
          clock: () => Date.parse('2026-03-14T09:26:53.589Z') + 1000 * ++seconds,
        });
      }),
    );
  });

  /** Sends the same request to both services and asserts that the responses have the same bytes. */
  async function both<Body>(method: string, path: string, body?: unknown) {
    const answers = await Promise.all(services.map(({ call }) => call<Body>(method, path, { body })));
    const [first, ...others] = answers;
    assert.ok(first);
    for (const other of others) {
      assert.equal(other.status, first.status, `${method} ${path}`);
      assert.equal(other.text, first.text, `${method} ${path}`);
      for (const name of ['etag', 'location', 'feed-position', 'link', 'content-length']) {
        assert.equal(other.headers.get(name), first.headers.get(name), `${method} ${path} ${name}`);
      }
    }
    return first;
  }

  test('POST, GET and lists return each text unchanged on both databases', async (t) => {
    for (const text of texts) {
      const body = bodyWith(text);
      const created = await both<Customer>('POST', '/customers', body);
      assert.equal(created.status, 201, JSON.stringify(text));
      const { name, note, tags, metadata, address } = created.json;
      assert.deepEqual([name, note, tags, metadata], [body.name, body.note, body.tags, body.metadata]);
      assert.deepEqual(address, { ...body.address, country: null });
      const path = `/customers/${created.json.id}`;
      assert.equal((await both('GET', path)).text, created.text);
      const list = await both('GET', `/customers?id=${created.json.id}`);
      assert.equal(list.text, `{"items":[${created.text}],"nextCursor":null}`);
      const tag = new URLSearchParams({ tag: body.tags[0] ?? '' });
      const tagged = await both<CustomerList>('GET', `/customers?${tag}`);
      assert.deepEqual(tagged.json.items, [created.json]);
      await both('DELETE', path);
    }
    t.diagnostic(`${texts.length} texts in ${Object.keys(bodyWith('')).length} members, 0 changed`);
  });

  test('a series of changes gives the same bytes on both databases', async () => {
    const { json } = await both<Customer>('POST', '/customers', {
      name: 'Lockstep',
      email: 'lock@example.com',
    });
    const path = `/customers/${json.id}`;
    const requests: [method: string, path: string, body?: unknown][] = [
      ['PATCH', path, bodyWith('first "patch"\n\u2028')],
      ['PATCH', path, { metadata: { a: null, '10': 'ten', z: 'é' }, address: { city: null } }],
      ['PATCH', path, {}],
      ['PUT', path, { ...bodyWith('put \\ \u0001\u007f'), email: 'lock@example.com', externalId: 'x:1' }],
      ['PUT', `${path}?validateOnly=true`, { name: 'Tried', metadata: { k: '\u{10ffff}' } }],
      ['POST', '/customers?validateOnly=true', { name: 'Tried' }],
      ['DELETE', path],
      ['GET', '/customers?includeDeleted=true&includeTotal=true&sort=name&limit=100'],
      ['POST', `${path}/restore`],
      ['GET', path],
      ['GET', '/customers?sort=-updatedAt&includeTotal=true'],
    ];
    for (const [method, target, body] of requests) {
      const { status } = await both(method, target, body);
      assert.ok(status < 300, `${method} ${target} returned ${status}`);
    }
  });

  test('sort=name ignores case and accents, then orders by id, bytewise, on both databases', async (t) => {
    const created: Customer[] = [];
    for (const name of names) {
      created.push((await both<Customer>('POST', '/customers', { name, tags: ['sorted'] })).json);
    }
    const up = (await both<CustomerList>('GET', '/customers?tag=sorted&sort=name&limit=100')).json.items;
    const down = (await both<CustomerList>('GET', '/customers?tag=sorted&sort=-name&limit=100')).json.items;
    const bytewise = (one: string, other: string) => Buffer.compare(Buffer.from(one), Buffer.from(other));
    const expected = created.toSorted(
      (one, other) => bytewise(folded(one.name), folded(other.name)) || bytewise(one.id, other.id),
    );
    assert.deepEqual(
      up.map(({ name }) => name),
      expected.map(({ name }) => name),
    );
    assert.deepEqual(down, up.toReversed());
    t.diagnostic(`${names.length} names, 0 out of order`);
  });
});
