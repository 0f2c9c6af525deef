import type { ModelCustomer } from './model-customer.ts';
import { comparableEmail, comparableName, isFound } from './model-customer.ts';
import type { ListRequest, ListSelection } from './model-requests.ts';

/** The end of a page: sort key and tie-break of its last customer at that time. */
export type PagePosition = readonly [key: string | number, tieBreak: string | number];

export interface ModelPage {
  readonly items: readonly ModelCustomer[];
  /** Null on the last page. */
  readonly end: PagePosition | null;
  readonly total: number;
}

/** One page of a list over all customers. */
export function modelPage(
  customers: readonly ModelCustomer[],
  { selection, limit }: ListRequest,
  after: PagePosition | undefined,
): ModelPage {
  const selected = customers.filter((customer) => isSelected(customer, selection.filters));
  const direction = selection.sort.startsWith('-') ? -1 : 1;
  const position = (customer: ModelCustomer) => positionOf(customer, selection);
  const ordered = selected
    .toSorted((one, other) => direction * comparePositions(position(one), position(other)))
    .filter((customer) => !after || direction * comparePositions(position(customer), after) > 0);
  const items = ordered.slice(0, limit);
  const last = items.at(-1);
  return { items, end: last && ordered.length > limit ? position(last) : null, total: selected.length };
}

function positionOf(customer: ModelCustomer, { sort }: ListSelection): PagePosition {
  if (sort.endsWith('name')) return [comparableName(customer.fields.name), customer.id];
  const key = sort.endsWith('createdAt') ? customer.createdAt : customer.updatedAt;
  return [key, customer.ordinal];
}

function comparePositions(one: PagePosition, other: PagePosition): number {
  return compare(one[0], other[0]) || compare(one[1], other[1]);
}

/** Compares texts by their UTF-8 bytes. */
function compare(one: string | number, other: string | number): number {
  if (typeof one === 'number' && typeof other === 'number') return one - other;
  return Buffer.compare(Buffer.from(String(one)), Buffer.from(String(other)));
}

function isSelected(customer: ModelCustomer, filters: Readonly<Record<string, string>>): boolean {
  const { fields, createdAt, updatedAt, deletedAt } = customer;
  if (deletedAt !== null && filters.includeDeleted !== 'true') return false;
  return Object.entries(filters).every(([name, value]) => {
    switch (name) {
      case 'includeDeleted':
        return true;
      case 'id':
        return value.split(',').includes(customer.id);
      case 'email':
        return fields.email !== null && comparableEmail(fields.email) === comparableEmail(value);
      case 'q':
        return isFound(fields, value);
      case 'tag':
        return (fields.tags as string[]).includes(value);
      case 'createdAfter':
        return createdAt >= instant(value);
      case 'createdBefore':
        return createdAt < instant(value);
      case 'updatedAfter':
        return updatedAt >= instant(value);
      case 'updatedBefore':
        return updatedAt < instant(value);
      default:
        return fields[name] === value;
    }
  });
}

/** Milliseconds since 1970, with a fraction: Date.parse drops anything finer. */
function instant(time: string): number {
  const [, seconds = '', fraction = '0', offset = ''] = /^(.{19})(?:\.(\d+))?(.+)$/.exec(time) ?? [];
  return Date.parse(seconds + offset) + Number(`0.${fraction}`) * 1000;
}
