/** Inserts new customers with their index rows, in one statement or in several. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { Customer } from '../../src/contract/types.ts';
import { createCommand } from '../../src/domain/commands.ts';
import {
  createCustomerInsertion,
  createCustomerRows,
  createSearchRows,
} from '../../src/storage/customers/rows.ts';
import { suiteCleanup } from '../support/cleanup.ts';
import { describeEngines } from '../support/engines.ts';
import { select } from './direct-engine.ts';
import { type OpenStore, openStore, plainContext } from './open-store.ts';

describeEngines('an insertion of customers', (name) => {
  const cleanup = suiteCleanup();
  let store: OpenStore;
  before(async () => {
    store = await openStore(cleanup, name);
  });

  const created = async (body: Parameters<typeof createCommand>[0]) => {
    const { body: json } = await store.customers.write(createCommand(body), plainContext());
    return JSON.parse(json) as Customer;
  };
  const indexed = async (id: string) => {
    const tags = await select<{ tag: string }>(
      store.engine,
      'SELECT tag FROM customer_tags JOIN customers USING (ordinal) WHERE id = ? ORDER BY tag',
      id,
    );
    const texts = await select<{ text: string }>(
      store.engine,
      'SELECT text FROM customer_search JOIN customers USING (ordinal) WHERE id = ?',
      id,
    );
    return { tags: tags.map(({ tag }) => tag), texts: texts.map(({ text }) => text) };
  };

  // Planted: tags and texts inserted for all requested ids (those of the existing customer changed).
  test('stores and indexes customers with free keys, and leaves existing ones unchanged', async () => {
    const stored = await created({ name: 'Stored', email: 'stored@example.com', tags: ['kept'] });
    const before = await indexed(stored.id);
    assert.deepEqual(before.tags, ['kept']);
    const { dialect } = store.engine;
    const insert = createCustomerInsertion(dialect, createCustomerRows(dialect), createSearchRows(dialect));
    const fresh = (digit: number, changes: Partial<Customer>): Customer => ({
      ...stored,
      id: `0190aaaa-0000-7000-8000-00000000000${digit}`,
      email: null,
      ...changes,
    });
    const inserted = await store.engine.transaction((session) =>
      insert(session, [
        fresh(1, { name: 'Free', tags: ['one', 'two'] }),
        fresh(2, { name: 'Email taken', email: 'Stored@example.com', tags: ['refused'] }),
        fresh(3, { id: stored.id, name: 'Id taken', tags: ['refused'] }),
        fresh(4, { name: 'Without tags', tags: [] }),
      ]),
    );
    const [free, bare] = [fresh(1, {}).id, fresh(4, {}).id];
    assert.deepEqual([...inserted].sort(), [free, bare]);
    assert.deepEqual(await indexed(stored.id), before);
    const { tags, texts } = await indexed(free);
    assert.deepEqual([tags, texts.length], [['one', 'two'], 1]);
    assert.match(texts[0] ?? '', /free/);
    assert.deepEqual((await indexed(bare)).tags, []);
    assert.deepEqual(await select(store.engine, "SELECT 1 FROM customer_tags WHERE tag = 'refused'"), []);
  });
});
