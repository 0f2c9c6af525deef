import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { Customer } from '../../src/contract/types.ts';
import type { Command } from '../../src/domain/commands.ts';
import {
  createCommand,
  decide,
  fieldChanges,
  replaceCommand,
  updateCommand,
} from '../../src/domain/commands.ts';
import { assembleCustomer, fieldsFrom } from '../../src/domain/customer.ts';
import { Failure, type FailureCode } from '../../src/domain/failures.ts';
import type { Precondition } from '../../src/domain/preconditions.ts';

const id = '0198c5a2-7c1e-7b3a-9d42-5e1f0a6b8c37';
const newId = '0198c5a2-9e04-7f61-8a2b-c3d4e5f60718';
const at = '2026-03-14T09:26:53.589Z';
const earlier = '2026-03-14T00:00:00.000Z';

const live = assembleCustomer(fieldsFrom({ name: 'Ada', email: 'ada@example.com', tags: ['vip'] }), {
  id,
  version: 3,
  createdAt: '2026-01-01T00:00:00.000Z',
  updatedAt: earlier,
  deletedAt: null,
});
const gone: Customer = { ...live, version: 4, etag: '"4"', deletedAt: earlier };

const none: Precondition = {};
const tag = (opaqueTag: string, weak = false) => [{ weak, opaqueTag }];
const stale: Precondition = { ifMatch: tag('"2"') };
const onlyIfNew: Precondition = { ifNoneMatch: '*' };
const required: Precondition = { required: true };

const replace = (precondition: Precondition, body = { name: 'Eve' }) =>
  replaceCommand(id, body, precondition);
const update = (precondition: Precondition, patch = {}) => updateCommand(id, patch, precondition);
const remove = (precondition: Precondition): Command => ({ kind: 'delete', id, precondition });
const restore = (precondition: Precondition): Command => ({ kind: 'restore', id, precondition });

const run = (current: Customer | undefined, command: Command, time = at) =>
  decide(current, command, time, () => newId);

suite('decide', () => {
  test('creates the first version under a new id', () => {
    const { before, after, change } = run(undefined, createCommand({ name: 'Ada' }));
    assert.deepEqual([before, change], [null, 'created']);
    assert.deepEqual(after, {
      ...fieldsFrom({ name: 'Ada' }),
      ...{ id: newId, version: 1, etag: '"1"', createdAt: at, updatedAt: at, deletedAt: null },
    });
  });

  test('creates under a chosen id with If-None-Match: * if the id is unused', () => {
    const { before, after, change } = run(undefined, replace(onlyIfNew));
    assert.deepEqual([before, change, after.id, after.version], [null, 'created', id, 1]);
  });

  test('creates nothing under a chosen id when If-Match names a version that does not exist', () => {
    for (const ifMatch of [tag('"1"'), '*'] as const) {
      assert.throws(
        () => run(undefined, replace({ ifMatch, ifNoneMatch: '*' })),
        (error) => error instanceof Failure && error.code === 'precondition_failed',
      );
    }
  });

  const changes: readonly [title: string, Customer, Command, Partial<Customer>, change: string][] = [
    ['replaces every field', live, replace(none), { name: 'Eve', email: null, tags: [] }, 'replaced'],
    ['updates the given members', live, update(none, { email: null }), { email: null }, 'updated'],
    ['deletes', live, remove(none), { deletedAt: at }, 'deleted'],
    ['restores', gone, restore(none), { deletedAt: null }, 'restored'],
    [
      'updates with the current tag',
      live,
      update({ ifMatch: tag('"3"') }, { note: 'x' }),
      { note: 'x' },
      'updated',
    ],
    ['updates with *', live, update({ ifMatch: '*' }, { note: 'x' }), { note: 'x' }, 'updated'],
    [
      'restores with the current tag',
      gone,
      restore({ ifMatch: tag('"4"') }),
      { deletedAt: null },
      'restored',
    ],
    [
      'restores without a tag even where other writes require one',
      gone,
      restore(none),
      { deletedAt: null },
      'restored',
    ],
  ];
  for (const [title, current, command, difference, change] of changes) {
    test(`${title}, and increments the version`, () => {
      const version = current.version + 1;
      const after = { ...current, ...difference, version, etag: `"${version}"`, updatedAt: at };
      assert.deepEqual(run(current, command), { before: current, after, change });
    });
  }

  const idle: readonly [title: string, Customer, Command][] = [
    ['an empty patch', live, update(none)],
    [
      'a patch with the current values',
      live,
      update(none, { name: 'Ada', note: null, metadata: { x: null } }),
    ],
    [
      'a replacement with the current values',
      live,
      replaceCommand(id, { name: 'Ada', email: 'ada@example.com', tags: ['vip'], address: {} }, none),
    ],
    ['restoring a live customer', live, restore(none)],
  ];
  for (const [title, current, command] of idle) {
    test(`${title} creates no version`, () => {
      assert.deepEqual(run(current, command), { before: current, after: current, change: null });
    });
  }

  test('metadata in another order is equal, tags in another order are not', () => {
    const current = { ...live, metadata: { a: '1', b: '2' }, tags: ['x', 'y'] };
    assert.equal(run(current, update(none, { metadata: { b: '2', a: '1' } })).change, null);
    assert.equal(run(current, update(none, { tags: ['y', 'x'] })).change, 'updated');
  });

  test('a version never looks older than the previous one, even if the clock was set back', () => {
    const { after } = run(live, update(none, { note: 'x' }), '2020-01-01T00:00:00.000Z');
    assert.equal(after.updatedAt, earlier);
  });

  test('a deletion has the time of its version, even if the clock was set back', () => {
    const { after } = run(live, remove(none), '2020-01-01T00:00:00.000Z');
    assert.equal(after.deletedAt, after.updatedAt);
  });

  const refusals: readonly [title: string, Customer | undefined, Command, FailureCode][] = [
    ['replacing an unknown customer', undefined, replace(none), 'customer_not_found'],
    ['updating an unknown customer', undefined, update(none), 'customer_not_found'],
    ['deleting an unknown customer', undefined, remove(none), 'customer_not_found'],
    ['restoring an unknown customer', undefined, restore(none), 'customer_not_found'],
    ['replacing a deleted customer', gone, replace(none), 'customer_deleted'],
    ['creating under the id of a deleted customer', gone, replace(onlyIfNew), 'customer_deleted'],
    ['updating a deleted customer', gone, update(none), 'customer_deleted'],
    ['a second deletion', gone, remove(none), 'customer_deleted'],
    ['creating under the id of a live customer', live, replace(onlyIfNew), 'precondition_failed'],
    ['a stale replacement', live, replace(stale), 'precondition_failed'],
    ['a stale update that changes nothing', live, update(stale), 'precondition_failed'],
    ['a stale deletion', live, remove(stale), 'precondition_failed'],
    ['a stale restoration', gone, restore(stale), 'precondition_failed'],
    ['a stale restoration of a live customer', live, restore(stale), 'precondition_failed'],
    ['a weak tag', live, update({ ifMatch: tag('"3"', true) }), 'precondition_failed'],
    [
      'a tag that If-None-Match excludes',
      live,
      replace({ ifNoneMatch: tag('"3"', true) }),
      'precondition_failed',
    ],
    ['a change without a required tag', live, update(required), 'precondition_required'],
    // The order is 404 or 410, 428, 412.
    ['an unknown customer, before a missing tag', undefined, update(required), 'customer_not_found'],
    ['an unknown customer, before a stale tag', undefined, update(stale), 'customer_not_found'],
    ['a deleted customer, before a stale tag', gone, update(stale), 'customer_deleted'],
  ];
  for (const [title, current, command, code] of refusals) {
    test(`refuses ${title}: ${code}`, () => {
      assert.throws(
        () => run(current, command),
        (error) => error instanceof Failure && error.code === code,
      );
    });
  }

  test('refuses more than 50 metadata keys after a patch, and accepts 50', () => {
    const keys = (count: number, from = 0) =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${from + index}`, 'v']));
    const current = { ...live, metadata: keys(50) };
    assert.throws(() => run(current, update(none, { metadata: { more: 'v' } })), invalidAt('#/metadata'));
    const swap = { ...Object.fromEntries(Object.keys(keys(50)).map((key) => [key, null])), ...keys(50, 50) };
    assert.deepEqual(run(current, update(none, { metadata: swap })).after.metadata, keys(50, 50));
  });
});

suite('command rules that a schema cannot express', () => {
  const make = [
    (body: object) => createCommand({ name: 'Ada', ...body }),
    (body: object) => replaceCommand(id, { name: 'Ada', ...body }, none),
    (body: object) => updateCommand(id, body, none),
  ];
  const cases: readonly [body: object, pointer: string][] = [
    [{ note: 'a\0b' }, '#/note'],
    [{ name: '\ud800' }, '#/name'],
    [{ tags: ['fine', '\udc00\ud800'] }, '#/tags/1'],
    [{ metadata: { key: '\ud83d' } }, '#/metadata/key'],
    [{ metadata: { 'a/b~c': 'v' } }, '#/metadata/a~1b~0c'],
    [{ metadata: { '': 'v' } }, '#/metadata/'],
    [{ metadata: { ['k'.repeat(41)]: 'v' } }, `#/metadata/${'k'.repeat(41)}`],
    [{ timeZone: 'Mars/Olympus' }, '#/timeZone'],
    [{ tags: ['constructor', 'constructor'] }, '#/tags'],
  ];
  for (const [body, pointer] of cases) {
    test(pointer, () => {
      for (const command of make) assert.throws(() => command(body), invalidAt(pointer));
    });
  }

  test('all errors are reported at once', () => {
    const body = { note: '\0', timeZone: 'Mars/Olympus', metadata: { ' ': 'v' } };
    assert.throws(
      () => createCommand({ name: 'Ada', ...body }),
      invalidAt('#/note', '#/timeZone', '#/metadata/%20'),
    );
  });

  test('nothing else is rejected', () => {
    const body = { name: '\u{1f600}', locale: 'zh-Hant-TW', timeZone: 'America/Argentina/Ushuaia' };
    const metadata = { ['k'.repeat(40)]: '', 'A-z_0.9': '\u0001' };
    for (const command of make) assert.doesNotThrow(() => command({ ...body, metadata }));
  });
});

suite('fieldChanges', () => {
  test('lists what changed, before and after, except the members that change with every version', () => {
    const after = { ...live, email: null, tags: [], version: 4, etag: '"4"', updatedAt: at };
    assert.deepEqual(fieldChanges(live, after), {
      email: { before: 'ada@example.com', after: null },
      tags: { before: ['vip'], after: [] },
    });
  });

  test('lists a deletion', () => {
    assert.deepEqual(fieldChanges(live, { ...live, deletedAt: at }), {
      deletedAt: { before: null, after: at },
    });
  });
});

function invalidAt(...pointers: string[]) {
  return (error: unknown) => {
    assert.ok(error instanceof Failure);
    assert.equal(error.code, 'invalid_request');
    assert.deepEqual(
      error.errors?.map((fault) => fault.pointer),
      pointers,
    );
    return true;
  };
}
