import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { Customer, CustomerUpdate } from '../../src/contract/types.ts';
import type { CustomerFields } from '../../src/domain/customer.ts';
import {
  assembleCustomer,
  customerFieldNames,
  customerMembers,
  entityTag,
  fieldsFrom,
  fieldsOf,
  mergePatch,
} from '../../src/domain/customer.ts';

const noAddress = { line1: null, line2: null, city: null, region: null, postalCode: null, country: null };
const empty: CustomerFields = {
  externalId: null,
  type: 'person',
  name: 'Ada',
  email: null,
  phone: null,
  locale: null,
  timeZone: null,
  address: null,
  status: 'active',
  tags: [],
  note: null,
  metadata: {},
};
const filled: CustomerFields = {
  ...empty,
  email: 'ada@example.com',
  address: { ...noAddress, line1: 'Ring 1', city: 'Wien', country: 'AT' },
  tags: ['vip', 'new'],
  note: 'A note',
  metadata: { tier: 'gold', 'a.b': 'c' },
};
const state = {
  id: '0198c5a2-7c1e-7b3a-9d42-5e1f0a6b8c37',
  version: 3,
  createdAt: '2026-01-01T00:00:00.000Z',
  updatedAt: '2026-01-02T00:00:00.000Z',
  deletedAt: null,
};

suite('the members of a customer', () => {
  test('are those of the contract, in its order', () => {
    const names = [
      ...['id', 'externalId', 'type', 'name', 'email', 'phone', 'locale', 'timeZone', 'address', 'status'],
      ...['tags', 'note', 'metadata', 'version', 'etag', 'createdAt', 'updatedAt', 'deletedAt'],
    ];
    assert.deepEqual(
      customerMembers.map(({ name }) => name),
      names,
    );
    const kinds = Object.fromEntries(customerMembers.map(({ name, kind }) => [name, kind]));
    const { version, tags, metadata, address, ...texts } = kinds;
    assert.deepEqual(
      { version, tags, metadata, address },
      { version: 'integer', tags: 'array', metadata: 'map', address: 'object' },
    );
    assert.deepEqual([...new Set(Object.values(texts))], ['text']);
  });

  test("that a caller can set are all except the version's metadata", () => {
    const marks = ['id', 'version', 'etag', 'createdAt', 'updatedAt', 'deletedAt'];
    const settable = customerMembers.map(({ name }) => name).filter((name) => !marks.includes(name));
    assert.deepEqual([...customerFieldNames].sort(), settable.sort());
  });
});

suite('fieldsFrom', () => {
  const cases: readonly [title: string, body: object, expected: Partial<CustomerFields>][] = [
    ['fills in absent members', {}, {}],
    ['treats null as absent', { email: null, address: null, externalId: null }, {}],
    [
      'keeps the given values',
      { type: 'organization', status: 'inactive' },
      { type: 'organization', status: 'inactive' },
    ],
    ['completes an address', { address: { city: 'Graz' } }, { address: { ...noAddress, city: 'Graz' } }],
    ['treats an address without members as none', { address: {} }, { address: null }],
    ['treats an address of nulls as none', { address: { city: null, line1: null } }, { address: null }],
    ['keeps tags in their order', { tags: ['b', 'a'] }, { tags: ['b', 'a'] }],
    ['keeps an empty metadata value', { metadata: { key: '' } }, { metadata: { key: '' } }],
  ];
  for (const [title, body, expected] of cases) {
    test(title, () => {
      assert.deepEqual(fieldsFrom({ name: 'Ada', ...body } as never), { ...empty, ...expected });
    });
  }

  test('orders the members of an address as the contract does', () => {
    const { address } = fieldsFrom({ name: 'Ada', address: { country: 'AT', line1: 'Ring 1' } });
    assert.deepEqual(Object.keys(address ?? {}), Object.keys(noAddress));
  });
});

suite('mergePatch (RFC 7396)', () => {
  const cases: readonly [title: string, patch: CustomerUpdate | object, expected: Partial<CustomerFields>][] =
    [
      ['keeps everything for an empty patch', {}, {}],
      ['sets a text', { note: 'Another' }, { note: 'Another' }],
      ['clears a text', { email: null }, { email: null }],
      ['clears tags to an empty list', { tags: null }, { tags: [] }],
      ['replaces tags as a whole', { tags: ['old'] }, { tags: ['old'] }],
      ['clears metadata to an empty object', { metadata: null }, { metadata: {} }],
      ['adds a key', { metadata: { x: '1' } }, { metadata: { tier: 'gold', 'a.b': 'c', x: '1' } }],
      ['changes a key', { metadata: { tier: '' } }, { metadata: { tier: '', 'a.b': 'c' } }],
      ['removes a key', { metadata: { tier: null } }, { metadata: { 'a.b': 'c' } }],
      ['ignores removing an unknown key', { metadata: { nothing: null } }, {}],
      ['keeps metadata for an empty patch of it', { metadata: {} }, {}],
      ['removes the last keys', { metadata: { tier: null, 'a.b': null } }, { metadata: {} }],
      [
        'changes one member of the address',
        { address: { city: 'Graz' } },
        { address: { ...filled.address, city: 'Graz' } as never },
      ],
      [
        'clears one member of the address',
        { address: { city: null } },
        { address: { ...filled.address, city: null } as never },
      ],
      ['clears the address', { address: null }, { address: null }],
      [
        'clears the address with its last member',
        { address: { line1: null, city: null, country: null } },
        { address: null },
      ],
      ['clears what is already null', { externalId: null, locale: null }, {}],
    ];
  for (const [title, patch, expected] of cases) {
    test(title, () => assert.deepEqual(mergePatch(filled, patch), { ...filled, ...expected }));
  }

  test('creates an address where there was none', () => {
    assert.deepEqual(mergePatch(empty, { address: { city: 'Graz', line1: null } }).address, {
      ...noAddress,
      city: 'Graz',
    });
    assert.equal(mergePatch(empty, { address: { city: null } }).address, null);
    assert.equal(mergePatch(empty, { address: {} }).address, null);
  });

  test('treats a member named __proto__, constructor or toString as data', () => {
    const patch = JSON.parse('{"metadata": {"__proto__": "p", "constructor": "c", "toString": "t"}}');
    const { metadata } = mergePatch(filled, patch);
    assert.equal(
      JSON.stringify(metadata),
      '{"tier":"gold","a.b":"c","__proto__":"p","constructor":"c","toString":"t"}',
    );
    assert.equal(Object.getPrototypeOf(metadata), Object.prototype);
    const removed = mergePatch({ ...filled, metadata }, JSON.parse('{"metadata": {"__proto__": null}}'));
    assert.ok(!Object.hasOwn(removed.metadata, '__proto__'));
    assert.ok(Object.hasOwn(removed.metadata, 'constructor'));
  });

  test('changes neither the fields nor the patch', () => {
    const fields = structuredClone(filled);
    const patch = { metadata: { tier: null }, address: { city: 'Graz' } };
    mergePatch(fields, patch);
    assert.deepEqual(fields, filled);
    assert.deepEqual(patch, { metadata: { tier: null }, address: { city: 'Graz' } });
  });
});

suite('assembleCustomer', () => {
  test('combines fields and state, members in the contract’s order', () => {
    const customer = assembleCustomer(filled, state);
    assert.deepEqual(customer, { ...filled, ...state, etag: '"3"' });
    assert.deepEqual(
      Object.keys(customer),
      customerMembers.map(({ name }) => name),
    );
  });

  test('takes no field from a state that is a whole customer', () => {
    const before: Customer = assembleCustomer(empty, state);
    const after = assembleCustomer(filled, before);
    assert.deepEqual(fieldsOf(after), filled);
  });

  test('returns its fields', () => {
    assert.deepEqual(fieldsOf(assembleCustomer(filled, state)), filled);
  });
});

test('entityTag quotes the version', () => {
  assert.equal(entityTag(1), '"1"');
  assert.equal(entityTag(Number.MAX_SAFE_INTEGER), '"9007199254740991"');
});
