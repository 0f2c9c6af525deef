import type { Customer } from '../contract/types.ts';
import { rowOf, writtenColumns } from './columns.ts';
import { type CustomerUpdates, createCustomerUpdates } from './customer-updates.ts';
import type { Dialect } from './dialect.ts';
import type { Session } from './engine.ts';
import { customerExpression } from './rendering.ts';

/** A member that is unique among live customers. */
export type UniqueMember = 'email' | 'externalId';

/** The statements of a write transaction on the customers themselves. Each takes many rows at once. */
export interface CustomerRows {
  /** The customers with these ids, deleted ones included, locked until the transaction ends. */
  lock(session: Session, ids: readonly string[]): Promise<readonly Customer[]>;
  /** The live customers that hold these externalIds, locked likewise. */
  lockHolders(session: Session, externalIds: readonly string[]): Promise<readonly Customer[]>;
  /** The ids of the same, by externalId, as they are now. */
  holderIds(session: Session, externalIds: readonly string[]): Promise<ReadonlyMap<string, string>>;
  /** Inserts what no unique index refuses, and returns the ids of what it inserted. */
  insert(session: Session, customers: readonly Customer[]): Promise<ReadonlySet<string>>;
  readonly update: CustomerUpdates;
  /** Which of the customer's unique members another live customer holds. */
  taken(session: Session, customer: Customer): Promise<readonly UniqueMember[]>;
  /** Brings the tags' index in line with the customers as they are stored now. New ones have nothing in it yet. */
  indexTags(session: Session, ids: readonly string[], options: { readonly isNew: boolean }): Promise<void>;
}

export function createCustomerRows(dialect: Dialect): CustomerRows {
  const statements = customerStatements(dialect);
  const asJson = (customers: readonly Customer[]) => JSON.stringify(customers.map(rowOf));
  const locked = async (session: Session, sql: string, keys: readonly string[]) => {
    if (keys.length === 0) return [];
    const rows = await session.run<{ body: string }>(sql, [JSON.stringify(keys)]);
    return rows.map(({ body }) => JSON.parse(body) as Customer);
  };

  return {
    lock: (session, ids) => locked(session, statements.lock, ids),
    lockHolders: (session, externalIds) => locked(session, statements.lockHolders, externalIds),
    async holderIds(session, externalIds) {
      if (externalIds.length === 0) return new Map();
      const rows = await session.run<{ id: string; external_id: string }>(statements.holderIds, [
        JSON.stringify(externalIds),
      ]);
      return new Map(rows.map(({ id, external_id }) => [external_id, id]));
    },
    async insert(session, customers) {
      const rows = await session.run<{ id: string }>(statements.insert, [asJson(customers)]);
      return new Set(rows.map(({ id }) => id));
    },
    update: createCustomerUpdates(dialect),
    async taken(session, customer) {
      const { email_key, external_id } = rowOf(customer) as Record<string, string | null>;
      const others = await session.run<{ email_key: string | null; external_id: string | null }>(
        statements.holders,
        [customer.id, email_key ?? null, external_id ?? null],
      );
      const members: UniqueMember[] = [];
      if (email_key && others.some((other) => other.email_key === email_key)) members.push('email');
      if (external_id && others.some((other) => other.external_id === external_id))
        members.push('externalId');
      return members;
    },
    async indexTags(session, ids, { isNew }) {
      if (ids.length === 0) return;
      if (!isNew) await session.run(statements.forgetTags, [JSON.stringify(ids)]);
      await session.run(statements.indexTags, [JSON.stringify(ids)]);
    },
  };
}

function customerStatements(dialect: Dialect) {
  const names = writtenColumns.map(({ name }) => name).join(', ');
  const amongIds = dialect.among('customers.id', 'uuid');
  const heldExternalIds = `deleted_at IS NULL AND ${dialect.among('external_id', 'text')}`;
  return {
    // Ordered, so that two instances lock the same rows in the same order and cannot deadlock over them.
    lock:
      `SELECT ${customerExpression(dialect, 'customers')} AS body FROM customers WHERE ${amongIds} ` +
      `ORDER BY id ${dialect.lockRows}`,
    lockHolders:
      `SELECT ${customerExpression(dialect, 'customers')} AS body FROM customers WHERE ${heldExternalIds} ` +
      `ORDER BY id ${dialect.lockRows}`,
    holderIds: `SELECT id, external_id FROM customers WHERE ${heldExternalIds}`,
    // `WHERE true` tells SQLite that ON does not begin a join condition.
    insert:
      `INSERT INTO customers (${names}) SELECT ${names} FROM ${dialect.records(writtenColumns, 'added')} ` +
      'WHERE true ON CONFLICT DO NOTHING RETURNING id',
    holders:
      'SELECT email_key, external_id FROM customers ' +
      'WHERE deleted_at IS NULL AND id <> ? AND (email_key = ? OR external_id = ?)',
    forgetTags: `DELETE FROM customer_tags WHERE ordinal IN (SELECT ordinal FROM customers WHERE ${amongIds})`,
    indexTags:
      'INSERT INTO customer_tags (tag, created_at, ordinal) ' +
      'SELECT tags.value, customers.created_at, customers.ordinal ' +
      `FROM customers, ${dialect.elements('customers.tags', 'tags')} WHERE ${amongIds}`,
  };
}
