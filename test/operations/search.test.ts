import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { Customer, CustomerList } from '../../src/contract/types.ts';
import { suiteCleanup } from '../support/cleanup.ts';
import { describeEngines } from '../support/engines.ts';
import { startTestService, type TestService } from '../support/service.ts';

type Query = Readonly<Record<string, string | number | boolean>>;

/** Terms with wildcards, quotes or operators, and the names that they must find literally. */
const literals: readonly (readonly [term: string, ...names: string[]])[] = [
  ['100%', '100% cotton'],
  ['0% c', '100% cotton'],
  ['a_b', 'snake a_b case'],
  ['"quoted"', 'the "quoted" one'],
  ['"', 'the "quoted" one'],
  ['back\\slash', 'back\\slash'],
  ['\\%', 'escaped \\% percent'],
  ['sta*', 'sta* star'],
  ['^start', '^start caret'],
  ['text:one', 'text:one column'],
  ['(par', '(par) and {brace}'],
  ['one AND two', 'one AND two'],
  ['one OR two', 'one OR two'],
  ['one NOT two', 'one NOT two'],
  ['NEAR(one two)', 'NEAR(one two) x'],
  ['two-one', 'two-one hyphen'],
  ['c++', 'C++ plus'],
  ["o'hara; --", "O'Hara; -- comment"],
  ['$1 ?', 'cost $1 ? each'],
];
const decoys = [
  'one two',
  'two one',
  'star start',
  'text one',
  '100 cotton',
  'aXb',
  'backslash',
  'quoted',
  'par',
];

describeEngines('search', (engine) => {
  const cleanup = suiteCleanup();
  let service: TestService;
  before(async () => {
    service = await startTestService(cleanup, { engine });
  });

  async function list(query: Query): Promise<CustomerList> {
    const { status, json, text } = await service.call<CustomerList>('GET', '/customers', { query });
    assert.equal(status, 200, text);
    return json;
  }
  const namesOf = async (query: Query) => (await list(query)).items.map(({ name }) => name);
  async function create(body: Readonly<Record<string, unknown>>): Promise<Customer> {
    const { status, json, text } = await service.call<Customer>('POST', '/customers', { body });
    assert.equal(status, 201, text);
    return json;
  }

  test('200: q has no wildcards or operators', async (t) => {
    const names = new Set([...decoys, ...literals.flatMap(([, ...found]) => found)]);
    for (const name of names) await create({ name });
    for (const [term, ...found] of literals) assert.deepEqual(await namesOf({ q: term }), found, term);
    for (const term of ['%%%', '___', '***', 'c%n', 'a.b', '.*', 'one  two', 'on* tw*', '{text}: one']) {
      assert.deepEqual(await namesOf({ q: term }), [], term);
    }
    t.diagnostic(`${literals.length + 9} terms, 0 matched more than their literal text`);
  });

  test('200: searches four members and no others', async () => {
    const { id } = await create({
      ...{
        name: 'Vier Felder',
        email: 'Postfach@Vier.example',
        phone: '+4930777123',
        externalId: 'crm:VIER-9',
      },
      ...{ note: 'geheim-notiz', tags: ['geheim-marke'], metadata: { a: 'geheim-wert' } },
    });
    for (const q of ['er fel', 'fach@vier', '30777', '+4930777123', 'vier-9', '777', '77', '@v']) {
      assert.deepEqual(
        (await list({ q })).items.map((item) => item.id),
        [id],
        q,
      );
    }
    for (const q of ['geheim', 'felderpost', 'felder postfach', 'example+49', id.slice(0, 13)]) {
      assert.deepEqual(await namesOf({ q }), [], q);
    }
  });

  test('200: finds every write at once, and no longer finds the old text', async () => {
    const { id } = await create({ name: 'Erstname', email: 'erst@wandel.example' });
    const path = `/customers/${id}`;
    const finds = async (q: string, query: Query = {}) => (await list({ q, ...query })).items.length;
    assert.deepEqual([await finds('erstname'), await finds('erst@wandel')], [1, 1]);
    await service.call('PATCH', path, { body: { name: 'Zweitname' } });
    assert.deepEqual(
      [await finds('erstname'), await finds('zweitname'), await finds('erst@wandel')],
      [0, 1, 1],
    );
    await service.call('PATCH', path, { body: { note: 'nothing searched' } });
    assert.equal(await finds('zweitname'), 1);
    await service.call('PUT', path, { body: { name: 'Drittname', externalId: 'drit:3' } });
    assert.deepEqual(
      [await finds('zweitname'), await finds('erst@wandel'), await finds('drit:3')],
      [0, 0, 1],
    );
    await service.call('DELETE', path);
    assert.deepEqual([await finds('drittname'), await finds('drittname', { includeDeleted: true })], [0, 1]);
    await service.call('POST', `${path}/restore`);
    assert.equal(await finds('drittname'), 1);
    await service.call('PUT', '/customers/00000000-0000-4000-8000-000000000abc', {
      ...{ body: { name: 'Viertname' }, headers: { 'If-None-Match': '*' } },
    });
    assert.equal(await finds('viertname'), 1);
    for (const q of ['er', 'na']) assert.ok((await finds(q)) >= 2, q);
  });

  test('200: validateOnly adds nothing to the index', async () => {
    await service.call('POST', '/customers', { body: { name: 'Probelauf' }, query: { validateOnly: true } });
    assert.deepEqual(await namesOf({ q: 'probelauf' }), []);
    assert.deepEqual(await namesOf({ q: 'pr', email: 'probe@lauf.example' }), []);
  });

  test('200: with each filter, and with all of them', async () => {
    const kept = await create({
      ...{ name: 'Gefiltert Ja', email: 'ja@gefiltert.example', phone: '+4940555', externalId: 'gef:1' },
      ...{ type: 'organization', status: 'inactive', tags: ['gefiltert'] },
    });
    await create({ name: 'Gefiltert Nein', phone: '+4940556' });
    const filters: Readonly<Record<string, string>> = {
      ...{ id: kept.id, email: 'JA@gefiltert.example', phone: '+4940555', externalId: 'gef:1' },
      ...{ status: 'inactive', type: 'organization', tag: 'gefiltert' },
    };
    for (const q of ['gefiltert', 'ef', '40555']) {
      for (const [name, value] of Object.entries(filters)) {
        const query = { [name]: value, includeTotal: true };
        const found = await list({ q, ...query });
        assert.deepEqual([found.items.map(({ id }) => id), found.total], [[kept.id], 1], `${q} ${name}`);
        assert.deepEqual(await namesOf({ q: 'nein', ...query }), [], name);
        assert.deepEqual(await namesOf({ q: 'ni', ...query }), [], name);
      }
      const times = { createdAfter: kept.createdAt, updatedAfter: kept.createdAt };
      const later = { createdBefore: '2999-01-01T00:00:00Z', updatedBefore: '2999-01-01T00:00:00Z' };
      const all = await list({ q, ...filters, ...times, ...later, includeDeleted: true });
      assert.deepEqual(
        all.items.map(({ id }) => id),
        [kept.id],
      );
      for (const name of ['createdBefore', 'updatedBefore']) {
        assert.deepEqual(await namesOf({ q, [name]: '2020-01-01T00:00:00Z' }), [], name);
      }
      for (const name of ['createdAfter', 'updatedAfter']) {
        assert.deepEqual(await namesOf({ q, [name]: '2999-01-01T00:00:00Z' }), [], name);
      }
    }
  });

  test('200: pages in both directions with the total, by cursors of the same search', async () => {
    const expected: string[] = [];
    for (let index = 0; index < 25; index++) {
      await create({ name: `Seite ${index}` });
      expected.push(`Seite ${index}`);
    }
    for (const sort of ['createdAt', '-createdAt']) {
      for (const q of ['seite', 'se', 'eit']) {
        const seen: string[] = [];
        let cursor: string | null = null;
        do {
          const query: Query = {
            q,
            sort,
            limit: 4,
            includeTotal: true,
            ...(cursor === null ? {} : { cursor }),
          };
          const page = await list(query);
          if (q !== 'se') assert.deepEqual([page.total, page.totalIsExact], [25, true]);
          seen.push(...page.items.map(({ name }) => name).filter((name) => name.startsWith('Seite')));
          cursor = page.nextCursor;
        } while (cursor !== null);
        assert.deepEqual(seen, sort === 'createdAt' ? expected : expected.toReversed(), `${q} ${sort}`);
      }
    }
    const { nextCursor } = await list({ q: 'seite', limit: 4 });
    for (const other of [{ q: 'seit' }, { q: 'Seite' }, {}, { q: 'seite', status: 'active' }]) {
      const query = { ...other, limit: 4, cursor: nextCursor ?? '' };
      const { status, problem } = await service.call('GET', '/customers', { query });
      assert.deepEqual([status, problem.code], [400, 'invalid_cursor'], JSON.stringify(other));
    }
  });

  test('400 for an unsupported sort or an empty search term', async () => {
    for (const sort of ['name', '-name', 'updatedAt', '-updatedAt']) {
      const { status, problem } = await service.call('GET', '/customers', { query: { q: 'ada', sort } });
      assert.deepEqual([status, problem.code], [400, 'invalid_request']);
      assert.deepEqual(problem.errors, [
        { parameter: 'sort', detail: 'must be createdAt or -createdAt when q is given' },
      ]);
    }
    for (const q of ['\u0301', '\u200d\u0308\u00ad', '', 'x'.repeat(101)]) {
      const { status, problem } = await service.call('GET', '/customers', { query: { q } });
      assert.deepEqual([status, problem.code, problem.errors?.[0]?.parameter], [400, 'invalid_request', 'q']);
    }
  });

  test('200 at the length limits of q', async () => {
    for (const q of ['x', ' ', '\u{1f600}', 'x'.repeat(100), '\u{1f600}'.repeat(100), '\ufdfa'.repeat(100)]) {
      await list({ q });
    }
    await create({ name: `${'\ufdfa'.repeat(100)} lang` });
    assert.equal((await namesOf({ q: '\ufdfa'.repeat(100) })).length, 1);
  });
});
