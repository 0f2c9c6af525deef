/** Boundary values of every field, through each operation that sets it. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { Customer } from '../../src/contract/types.ts';
import { suiteCleanup } from '../support/cleanup.ts';
import { describeEngines } from '../support/engines.ts';
import { startTestService, type TestService } from '../support/service.ts';

interface FieldRule {
  readonly member: keyof Customer;
  /** Values that are stored unchanged. */
  readonly taken: readonly unknown[];
  readonly refused: readonly unknown[];
}

const words = (text: string) => text.split(' ');
const numbered = (count: number) => Array.from({ length: count }, (_, index) => `k${index}`);
const map = (keys: readonly string[], value: unknown = 'v') =>
  Object.fromEntries(keys.map((key) => [key, value]));
/** Strings that cannot be stored byte for byte in both databases. */
const unstorable = ['a\u0000', '\ud800', '\udfffa', 'a\ude00\ud83d'];
const face = '\u{1f600}';
const localeOf35 = 'de-x-abcdefgh-abcdefgh-abcdefgh-abc';
const family = '\u{1f468}\u200d\u{1f469}\u200d\u{1f467}';

const rules: readonly FieldRule[] = [
  {
    member: 'name',
    taken: ['x', ' ', '\t', 'x'.repeat(300), face.repeat(300), family.repeat(60), 'e\u0301'.repeat(150)],
    refused: ['', 'x'.repeat(301), face.repeat(301), `${family.repeat(60)}x`, null, 7, ['x'], ...unstorable],
  },
  {
    member: 'email',
    taken: [
      ...words(`a@b.c o'brien+tag@mail.example.co.uk Zoë@exämple.例え "quoted"@example.com`),
      ...[`${'x'.repeat(64)}@${'y'.repeat(185)}.com`, `${face.repeat(242)}@example.com`, null],
    ],
    refused: [
      ...words('a a@b @b.c a@ a@b@c.d'),
      ...['', 'a b@c.d', 'a@b .c', 'a@b.c\n', ' a@b.c', 'a\u00a0@b.c', 'a@b\u2003.c', 7],
      ...[`${'x'.repeat(64)}@${'y'.repeat(186)}.com`, `${face.repeat(243)}@example.com`],
      ...unstorable.map((text) => `${text}@example.com`),
    ],
  },
  {
    member: 'phone',
    taken: ['+12', '+493023125014', '+123456789012345', null],
    refused: [...words('+ +1 12 +0123 +1234567890123456 0049301 +１２３'), '', '+49 30 1', '+12\n', 12],
  },
  {
    member: 'externalId',
    taken: ['x', 'A-z_0.9:', 'x'.repeat(256), '__proto__', null],
    refused: ['', 'x'.repeat(257), 'a b', 'a/b', 'ä', 'a\n', 7, 'a\u0000', '\ud800'],
  },
  {
    member: 'type',
    taken: ['person', 'organization'],
    refused: ['', 'Person', 'organisation', null, 0],
  },
  { member: 'status', taken: ['active', 'inactive'], refused: ['', 'Active', 'deleted', null, true] },
  {
    member: 'locale',
    taken: [
      ...words('de de-AT zh-Hant-TW DE-at en-US-u-ca-buddhist de-CH-1901 sr-Latn-RS-x-private-ab'),
      null,
    ],
    refused: [
      ...words('d de_AT de- de--AT de-a de-12 de-abcd-efgh abcdefghi ä'),
      `${localeOf35}d`,
      '',
      'de AT',
      7,
    ],
  },
  {
    member: 'timeZone',
    taken: [...words('Europe/Vienna UTC America/Argentina/Buenos_Aires Etc/GMT+12 Asia/Kathmandu'), null],
    refused: [
      ...words('Europe/Atlantis Mars/Olympus_Mons +01:00 -0530 UTC+1 Vienna'),
      '',
      'Europe/Vienna ',
      7,
    ],
  },
  {
    member: 'note',
    taken: ['x', 'x'.repeat(5000), face.repeat(5000), 'Line one\r\nline two\n', null],
    refused: ['', 'x'.repeat(5001), face.repeat(5001), 7, ...unstorable],
  },
  {
    member: 'tags',
    taken: [[], numbered(50), ['x'.repeat(100), face.repeat(100)], [' ', 'Vip', 'vip', 'é', 'e\u0301']],
    refused: [
      ...[numbered(51), [''], ['x'.repeat(101)], [face.repeat(101)], ['a', 'b', 'a'], [null], [7], 'a', {}],
      ...unstorable.map((text) => ['fine', text]),
    ],
  },
  {
    member: 'metadata',
    taken: [
      ...[{}, map(numbered(50)), map(['x'.repeat(40), 'A-z_0.9', '.', '-', '0'])],
      ...[map(['x'], ''), map(['x'], 'v'.repeat(500)), map(['x'], face.repeat(500))],
      JSON.parse('{"__proto__":"p","constructor":"c","prototype":"q","toString":"t"}'),
    ],
    refused: [
      ...['', 'x'.repeat(41), ' ', 'a b', 'a\n', face, ...words('a/b a~b a:b ä'), ...unstorable].map((key) =>
        map([key]),
      ),
      ...['v'.repeat(501), face.repeat(501), ...unstorable, 7, {}].map((value) => map(['x'], value)),
      ...[map(numbered(101)), [], 'x'],
    ],
  },
  {
    member: 'address',
    taken: [
      null,
      {
        ...{
          line1: 'x'.repeat(200),
          line2: face.repeat(200),
          city: 'x'.repeat(100),
          region: face.repeat(100),
        },
        ...{ postalCode: 'x'.repeat(20), country: 'AT' },
      },
    ],
    refused: [
      ...['', 'x'.repeat(201), face.repeat(201), 7, ...unstorable].flatMap((text) => [
        { line1: text },
        { line2: text },
      ]),
      ...['', 'x'.repeat(101), face.repeat(101), 7, ...unstorable].flatMap((text) => [
        { city: text },
        { region: text },
      ]),
      ...['', 'x'.repeat(21), 1010, ...unstorable].map((postalCode) => ({ postalCode })),
      ...['', 'AT\n', 40, ...words('at A AUT XX ZZ UK EU XK AN')].map((country) => ({ country })),
      ...[{ street: 'x' }, JSON.parse('{"__proto__":"x"}'), [], 'Graz'],
    ],
  },
];

describeEngines('field rules', (engine) => {
  const cleanup = suiteCleanup();
  let service: TestService;
  before(async () => {
    service = await startTestService(cleanup, { engine });
  });
  const call = (method: string, path: string, body?: unknown) =>
    service.call<Customer>(method, path, { body });

  for (const { member, taken, refused } of rules) {
    test(`valid values of ${member} are stored unchanged by POST, PUT and PATCH`, async (t) => {
      const other = `/customers/${(await call('POST', '/customers', { name: 'Other' })).json.id}`;
      for (const value of taken) {
        const body = { name: 'Bounded', [member]: value };
        const title = JSON.stringify(body).slice(0, 200);
        const created = await call('POST', '/customers', body);
        assert.equal(created.status, 201, title);
        const path = `/customers/${created.json.id}`;
        assert.deepEqual(created.json[member], value, title);
        assert.equal((await call('GET', path)).text, created.text, title);
        await call('DELETE', path);
        for (const method of ['PUT', 'PATCH']) {
          const { status, json, text } = await call(method, other, body);
          assert.equal(status, 200, `${method} ${title}`);
          assert.deepEqual(json[member], value, `${method} ${title}`);
          assert.equal((await call('GET', other)).text, text, title);
          await call('PUT', other, { name: 'Other' });
        }
      }
      await call('DELETE', other);
      t.diagnostic(`${taken.length * 3} cases, 0 wrong`);
    });

    test(`422 for invalid values of ${member} in POST, PUT and PATCH`, async (t) => {
      const { json } = await call('POST', '/customers', { name: 'Untouched' });
      const path = `/customers/${json.id}`;
      for (const value of refused) {
        const body = { name: 'Refused', [member]: value };
        for (const [method, target] of [
          ['POST', '/customers'],
          ['PUT', path],
          ['PATCH', path],
        ] as const) {
          const { status, problem } = await call(method, target, body);
          const title = `${method} ${JSON.stringify(value)}`.slice(0, 200);
          assert.deepEqual([status, problem.code], [422, 'invalid_request'], title);
          const pointers = problem.errors?.map(({ pointer }) => pointer) ?? [];
          assert.ok(pointers.length > 0, title);
          for (const pointer of pointers) {
            assert.ok(
              pointer === `#/${member}` || pointer?.startsWith(`#/${member}/`),
              `${title}: ${pointer}`,
            );
          }
        }
      }
      assert.equal((await call('GET', path)).json.version, 1);
      t.diagnostic(`${refused.length * 3} cases, 0 wrong`);
    });
  }

  test('422 when a new customer has more than 50 metadata keys', async () => {
    const { json } = await call('POST', '/customers', { name: 'Keys' });
    const body = { name: 'Keys', metadata: map(numbered(51)) };
    assert.equal((await call('POST', '/customers', body)).status, 422);
    assert.equal((await call('PUT', `/customers/${json.id}`, body)).status, 422);
    assert.equal((await call('PATCH', `/customers/${json.id}`, body)).status, 422);
  });
});
