import { emailKey } from '../domain/normalization.ts';
import type { ListFilters } from '../domain/ports.ts';
import type { Dialect } from './dialect.ts';
import type { SqlValue } from './engine.ts';

/** A piece of a WHERE clause with the values of its placeholders. */
export interface Condition {
  readonly sql: string;
  readonly values: readonly SqlValue[];
}

/** What a list reads from and how it narrows it. `tag` reads from the tags, which have their own order. */
export interface Selection {
  readonly from: string;
  /** The values of placeholders in `from`. */
  readonly fromValues?: readonly SqlValue[];
  /** The order in which it must be read, also where only its rows are counted. */
  readonly orderedBy?: string;
  readonly conditions: readonly Condition[];
}

type Translations = {
  readonly [Name in keyof Required<ListFilters>]: (
    value: NonNullable<ListFilters[Name]>,
    dialect: Dialect,
  ) => Condition | undefined;
};

/** Each filter of the contract in SQL over `customers`: one that is left out does not compile. */
const translations: Translations = {
  id: (ids, dialect) => ({ sql: dialect.among('customers.id', 'uuid'), values: [JSON.stringify(ids)] }),
  email: (email) => ({ sql: 'customers.email_key = ?', values: [emailKey(email)] }),
  phone: (phone) => ({ sql: 'customers.phone = ?', values: [phone] }),
  externalId: (externalId) => ({ sql: 'customers.external_id = ?', values: [externalId] }),
  status: (status) => ({ sql: 'customers.status = ?', values: [status] }),
  type: (type) => ({ sql: 'customers.type = ?', values: [type] }),
  tag: (tag) => ({ sql: 'tagged.tag = ?', values: [tag] }),
  createdAfter: (time) => ({ sql: 'customers.created_at >= ?', values: [time] }),
  createdBefore: (time) => ({ sql: 'customers.created_at < ?', values: [time] }),
  updatedAfter: (time) => ({ sql: 'customers.updated_at >= ?', values: [time] }),
  updatedBefore: (time) => ({ sql: 'customers.updated_at < ?', values: [time] }),
  // A search has an order of its own: see `customer-search.ts`.
  q: () => undefined,
  includeDeleted: (included) => (included ? undefined : live),
};

const live: Condition = { sql: 'customers.deleted_at IS NULL', values: [] };

/** Translates the filters of a list. */
export function selectionFor(filters: ListFilters, dialect: Dialect): Selection {
  const given = { includeDeleted: false, ...filters };
  const conditions = Object.entries(translations).flatMap(([name, translate]) => {
    const value = given[name as keyof ListFilters];
    const translated = value === undefined ? undefined : (translate as Translate)(value, dialect);
    return translated ?? [];
  });
  const from =
    filters.tag === undefined
      ? 'customers'
      : 'customer_tags AS tagged JOIN customers ON customers.ordinal = tagged.ordinal';
  return { from, conditions };
}

type Translate = (value: unknown, dialect: Dialect) => Condition | undefined;

/** The conditions as a WHERE clause with their values in order. */
export function whereClause(conditions: readonly Condition[]): Condition {
  if (conditions.length === 0) return { sql: '', values: [] };
  return {
    sql: ` WHERE ${conditions.map(({ sql }) => sql).join(' AND ')}`,
    values: conditions.flatMap(({ values }) => values),
  };
}
