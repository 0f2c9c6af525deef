import type { Customer } from '../../contract/types.ts';
import type { Decision } from '../../domain/commands.ts';
import { searchText } from '../../domain/normalization.ts';
import type { Session } from '../engine/engine.ts';
import { type Column, rowOf, writtenColumns } from '../sql/columns.ts';
import type { Dialect } from '../sql/dialect.ts';
import { customerExpression } from '../sql/projection.ts';

/** A member that is unique among live customers. */
export type UniqueMember = 'email' | 'externalId';

/** The statements of a write transaction on the customers table. Each one handles many rows. */
export interface CustomerRows {
  /** Locks the customers with these ids, including deleted ones, until the transaction ends. */
  lock(session: Session, ids: readonly string[]): Promise<readonly Customer[]>;
  /** Locks the live customers with these externalIds. */
  lockByExternalId(session: Session, externalIds: readonly string[]): Promise<readonly Customer[]>;
  /** Returns the ids of the live customers with these externalIds, without locking them. */
  idsByExternalId(session: Session, externalIds: readonly string[]): Promise<ReadonlyMap<string, string>>;
  /** Inserts the customers that violate no unique index and returns their ids. */
  insert(session: Session, customers: readonly Customer[]): Promise<ReadonlySet<string>>;
  readonly update: CustomerUpdate;
  /** Returns the unique members of this customer that another live customer holds. */
  takenMembers(session: Session, customer: Customer): Promise<readonly UniqueMember[]>;
  /** Rebuilds the customers' entries in the tag index. `isNew` skips deleting old entries. */
  indexTags(session: Session, ids: readonly string[], options: { readonly isNew: boolean }): Promise<void>;
}

export function createCustomerRows(dialect: Dialect): CustomerRows {
  const statements = customerStatements(dialect);
  const lockWith = async (session: Session, statement: string, keys: readonly string[]) => {
    if (keys.length === 0) return [];
    const rows = await session.run<{ body: string }>(statement, [JSON.stringify(keys)]);
    return rows.map(({ body }) => JSON.parse(body) as Customer);
  };

  return {
    lock: (session, ids) => lockWith(session, statements.lock, ids),
    lockByExternalId: (session, externalIds) => lockWith(session, statements.lockByExternalId, externalIds),
    async idsByExternalId(session, externalIds) {
      if (externalIds.length === 0) return new Map();
      const rows = await session.run<{ id: string; external_id: string }>(statements.idsByExternalId, [
        JSON.stringify(externalIds),
      ]);
      return new Map(rows.map(({ id, external_id }) => [external_id, id]));
    },
    async insert(session, customers) {
      const records = JSON.stringify(customers.map(rowOf));
      const rows = await session.run<{ id: string }>(statements.insert, [records]);
      return new Set(rows.map(({ id }) => id));
    },
    update: createCustomerUpdate(dialect),
    async takenMembers(session, customer) {
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
      if (!isNew) await session.run(statements.deleteTags, [JSON.stringify(ids)]);
      await session.run(statements.insertTags, [JSON.stringify(ids)]);
    },
  };
}

function customerStatements(dialect: Dialect) {
  const names = writtenColumns.map(({ name }) => name).join(', ');
  const isAmongIds = dialect.among('customers.id', 'uuid');
  const isLiveHolder = `deleted_at IS NULL AND ${dialect.among('external_id', 'text')}`;
  const select = `SELECT ${customerExpression(dialect, 'customers')} AS body FROM customers`;
  // A fixed order of locking keeps two instances from deadlocking over the same rows.
  const locked = `ORDER BY id ${dialect.lockRows}`;
  return {
    lock: `${select} WHERE ${isAmongIds} ${locked}`,
    lockByExternalId: `${select} WHERE ${isLiveHolder} ${locked}`,
    idsByExternalId: `SELECT id, external_id FROM customers WHERE ${isLiveHolder}`,
    // Without `WHERE true` SQLite parses ON as a join condition.
    insert:
      `INSERT INTO customers (${names}) SELECT ${names} FROM ${dialect.records(writtenColumns, 'added')} ` +
      'WHERE true ON CONFLICT DO NOTHING RETURNING id',
    holders:
      'SELECT email_key, external_id FROM customers ' +
      'WHERE deleted_at IS NULL AND id <> ? AND (email_key = ? OR external_id = ?)',
    deleteTags: `DELETE FROM customer_tags WHERE ordinal IN (SELECT ordinal FROM customers WHERE ${isAmongIds})`,
    insertTags:
      'INSERT INTO customer_tags (tag, created_at, ordinal) ' +
      'SELECT tags.value, customers.created_at, customers.ordinal ' +
      `FROM customers, ${dialect.elements('customers.tags', 'tags')} WHERE ${isAmongIds}`,
  };
}

/** Stores new versions of existing customers in one statement. Rejects when a unique index refuses one. */
export type CustomerUpdate = (session: Session, decisions: readonly Decision[]) => Promise<void>;

/**
 * The columns in indexes, and in conditions of partial indexes, with their members; without `updated_at`, which
 * changes with every version, and `created_at`, which never changes.
 */
const indexedColumns: Readonly<Record<string, keyof Customer>> = {
  external_id: 'externalId',
  type: 'type',
  name_key: 'name',
  email_key: 'email',
  phone: 'phone',
  status: 'status',
  deleted_at: 'deletedAt',
};

/**
 * Sets an indexed column only if its value changed for one of the customers: SQLite rewrites the entry of every index
 * on a column that SET names, changed or not.
 */
function createCustomerUpdate(dialect: Dialect): CustomerUpdate {
  const statements = new Map<string, string>();

  function statementFor(columns: readonly Column[]): string {
    const key = columns.map(({ name }) => name).join();
    const statement = statements.get(key) ?? updateStatement(columns, dialect);
    statements.set(key, statement);
    return statement;
  }

  return async (session, decisions) => {
    const columns = writtenColumns.filter((column) => isWritten(column, decisions));
    const names = columns.map(({ name }) => name);
    const rows = decisions.map(({ after }) => {
      const row = rowOf(after);
      return Object.fromEntries(names.map((name) => [name, row[name]]));
    });
    await session.run(statementFor(columns), [JSON.stringify(rows)]);
  };
}

function isWritten({ name }: Column, decisions: readonly Decision[]): boolean {
  if (name === 'id') return true;
  if (name === 'created_at') return false;
  const member = indexedColumns[name];
  return member === undefined || decisions.some(({ before, after }) => before?.[member] !== after[member]);
}

function updateStatement(columns: readonly Column[], dialect: Dialect): string {
  const assignments = columns
    .filter(({ name }) => name !== 'id')
    .map(({ name }) => `${name} = changed.${name}`);
  return (
    `UPDATE customers SET ${assignments.join(', ')} ` +
    `FROM ${dialect.records(columns, 'changed')} WHERE customers.id = changed.id`
  );
}

/**
 * Inserts the new customers that violate no unique index, with their tags and search texts, and returns the ids of
 * those inserted.
 */
export type CustomerInsertion = (
  session: Session,
  customers: readonly Customer[],
) => Promise<ReadonlySet<string>>;

/** Inserts with one statement on PostgreSQL, and with one per table on SQLite. */
export function createCustomerInsertion(
  dialect: Dialect,
  rows: CustomerRows,
  search: SearchRows,
): CustomerInsertion {
  return dialect.supportsWritableCtes ? insertInOneStatement(dialect) : insertStepByStep(rows, search);
}

function insertStepByStep(rows: CustomerRows, search: SearchRows): CustomerInsertion {
  return async (session, customers) => {
    const ids = await rows.insert(session, customers);
    const inserted = customers.filter(({ id }) => ids.has(id));
    const tagged = inserted.filter(({ tags }) => tags.length > 0).map(({ id }) => id);
    await rows.indexTags(session, tagged, { isNew: true });
    if (inserted.length > 0) await search.index(session, inserted);
    return ids;
  };
}

/** Tags and texts are derived from the inserted rows: another instance may have stored one of the ids meanwhile. */
function insertInOneStatement(dialect: Dialect): CustomerInsertion {
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

/**
 * The search texts, one per customer, including deleted ones. The index over them follows in the same transaction:
 * an index on the table in PostgreSQL, triggers in SQLite.
 */
export interface SearchRows {
  /** Stores the texts of these customers, whose rows exist already. */
  index(session: Session, customers: readonly Customer[]): Promise<void>;
}

const searchColumns: readonly Column[] = [
  { name: 'id', type: 'uuid' },
  { name: 'text', type: 'text' },
];

export function createSearchRows(dialect: Dialect): SearchRows {
  const upsert =
    'INSERT INTO customer_search (ordinal, text) SELECT customers.ordinal, added.text ' +
    `FROM ${dialect.records(searchColumns, 'added')} JOIN customers ON customers.id = added.id ` +
    // Without `WHERE true` SQLite parses ON as a join condition.
    'WHERE true ON CONFLICT (ordinal) DO UPDATE SET text = excluded.text';

  return {
    async index(session, customers) {
      const records = customers.map((customer) => ({ id: customer.id, text: searchText(customer) }));
      await session.run(upsert, [JSON.stringify(records)]);
    },
  };
}
