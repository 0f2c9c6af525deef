import type { Customer } from '../contract/types.ts';
import { searchText } from '../domain/search-text.ts';
import type { Column } from './columns.ts';
import type { Dialect } from './dialect.ts';
import type { Session } from './engine.ts';

/**
 * The texts that searches look through, one a customer, deleted ones included. The index over them follows by
 * itself in the same transaction (PostgreSQL: an index of the table; SQLite: its triggers).
 */
export interface SearchRows {
  /** Brings the texts in line with these customers, whose rows are stored already. */
  index(session: Session, customers: readonly Customer[]): Promise<void>;
  /** Removes the texts of customers for good: searches find these no more, and no trigram of them stays. */
  forget(session: Session, ids: readonly string[]): Promise<void>;
}

const columns: readonly Column[] = [
  { name: 'id', type: 'uuid' },
  { name: 'text', type: 'text' },
];

export function createSearchRows(dialect: Dialect): SearchRows {
  const index =
    'INSERT INTO customer_search (ordinal, text) SELECT customers.ordinal, added.text ' +
    `FROM ${dialect.records(columns, 'added')} JOIN customers ON customers.id = added.id ` +
    // `WHERE true` tells SQLite that ON does not begin a join condition.
    'WHERE true ON CONFLICT (ordinal) DO UPDATE SET text = excluded.text';
  const forget =
    'DELETE FROM customer_search WHERE ordinal IN ' +
    `(SELECT ordinal FROM customers WHERE ${dialect.among('customers.id', 'uuid')})`;

  return {
    async index(session, customers) {
      const records = customers.map((customer) => ({ id: customer.id, text: searchText(customer) }));
      await session.run(index, [JSON.stringify(records)]);
    },
    async forget(session, ids) {
      await session.run(forget, [JSON.stringify(ids)]);
    },
  };
}
