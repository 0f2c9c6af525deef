import type { ListFilters } from '../../domain/customer-store.ts';
import { emailKey } from '../../domain/normalization.ts';
import type { Dialect } from '../sql/dialect.ts';
import { raw, type Statement, sql } from '../sql/sql.ts';
import type { Selection } from './page-query.ts';

type FilterConditions = {
  readonly [Name in keyof Required<ListFilters>]: (
    value: NonNullable<ListFilters[Name]>,
    dialect: Dialect,
  ) => Statement | undefined;
};

const isLive = raw('customers.deleted_at IS NULL');

/** The condition of each filter of the contract: a missing one does not compile. */
const filterConditions: FilterConditions = {
  id: (ids, dialect) => ({ sql: dialect.among('customers.id', 'uuid'), values: [JSON.stringify(ids)] }),
  email: (email) => sql`customers.email_key = ${emailKey(email)}`,
  phone: (phone) => sql`customers.phone = ${phone}`,
  externalId: (externalId) => sql`customers.external_id = ${externalId}`,
  status: (status) => sql`customers.status = ${status}`,
  type: (type) => sql`customers.type = ${type}`,
  tag: (tag) => sql`tagged.tag = ${tag}`,
  createdAfter: (time) => sql`customers.created_at >= ${time}`,
  createdBefore: (time) => sql`customers.created_at < ${time}`,
  updatedAfter: (time) => sql`customers.updated_at >= ${time}`,
  updatedBefore: (time) => sql`customers.updated_at < ${time}`,
  // See search.ts.
  q: () => undefined,
  includeDeleted: (included) => (included ? undefined : isLive),
};

const fromCustomers = raw('customers');
/** The tags table has an index in the order of creation. */
const fromTagged = raw('customer_tags AS tagged JOIN customers ON customers.ordinal = tagged.ordinal');

/** Selects the customers that match the filters. */
export function selectionFor(filters: ListFilters, dialect: Dialect): Selection {
  const given = { includeDeleted: false, ...filters };
  const conditions = Object.entries(filterConditions).flatMap(([name, conditionFor]) => {
    const value = given[name as keyof ListFilters];
    const condition = value === undefined ? undefined : (conditionFor as ConditionFor)(value, dialect);
    return condition ?? [];
  });
  return { from: filters.tag === undefined ? fromCustomers : fromTagged, conditions };
}

type ConditionFor = (value: unknown, dialect: Dialect) => Statement | undefined;
