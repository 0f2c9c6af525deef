import type { Customer } from '../contract/types.ts';
import { searchText } from '../domain/search-text.ts';
import { rowOf, writtenColumns } from './columns.ts';
import type { CustomerRows } from './customer-rows.ts';
import type { SearchRows } from './customer-search-rows.ts';
import type { Dialect } from './dialect.ts';
import type { Session } from './engine.ts';

/**
 * Inserts those of these new customers that no unique index refuses, with their tags and the texts that searches look
 * through, and returns the ids of what it inserted.
 */
export type CustomerInsertion = (
  session: Session,
  customers: readonly Customer[],
) => Promise<ReadonlySet<string>>;

/** In one statement where the database takes that, and else in one for each table. */
export function createCustomerInsertion(
  dialect: Dialect,
  rows: CustomerRows,
  search: SearchRows,
): CustomerInsertion {
  return dialect.writesInWith ? insertionInOne(dialect) : insertionInSteps(rows, search);
}

function insertionInSteps(rows: CustomerRows, search: SearchRows): CustomerInsertion {
  return async (session, customers) => {
    const inserted = await rows.insert(session, customers);
    const those = customers.filter(({ id }) => inserted.has(id));
    const tagged = those.filter(({ tags }) => tags.length > 0).map(({ id }) => id);
    await rows.indexTags(session, tagged, { isNew: true });
    if (those.length > 0) await search.index(session, those);
    return inserted;
  };
}

/**
 * Two round trips less in each transaction. What is indexed comes from the rows that were
 * inserted, not from a look for their ids: another instance may have stored one of those in the meantime.
 */
function insertionInOne(dialect: Dialect): CustomerInsertion {
  const names = writtenColumns.map(({ name }) => name).join(', ');
  const records = dialect.records([...writtenColumns, { name: 'search_text', type: 'text' }], 'added');
  const insert =
    `WITH added AS (SELECT * FROM ${records}), ` +
    `inserted AS (INSERT INTO customers (${names}) SELECT ${names} FROM added ON CONFLICT DO NOTHING ` +
    'RETURNING id, ordinal, created_at, tags), ' +
    'tagged AS (INSERT INTO customer_tags (tag, created_at, ordinal) ' +
    'SELECT tags.value, inserted.created_at, inserted.ordinal ' +
    `FROM inserted, ${dialect.elements('inserted.tags', 'tags')}), ` +
    'searchable AS (INSERT INTO customer_search (ordinal, text) SELECT inserted.ordinal, added.search_text ' +
    'FROM inserted JOIN added USING (id)) ' +
    'SELECT id FROM inserted';

  return async (session, customers) => {
    const added = customers.map((customer) => ({ ...rowOf(customer), search_text: searchText(customer) }));
    const inserted = await session.run<{ id: string }>(insert, [JSON.stringify(added)]);
    return new Set(inserted.map(({ id }) => id));
  };
}
