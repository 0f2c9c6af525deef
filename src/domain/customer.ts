import type { SchemaObject } from '../contract/document.ts';
import { schemaNamed } from '../contract/document.ts';
import type {
  Address,
  Customer,
  CustomerCreate,
  CustomerReplace,
  CustomerUpdate,
} from '../contract/types.ts';

/** The members that a caller may set, all present. */
export type CustomerFields = Required<Pick<Customer, keyof CustomerReplace>>;

/** The members that the service sets. */
export type CustomerState = Pick<Customer, 'id' | 'version' | 'createdAt' | 'updatedAt' | 'deletedAt'>;

/**
 * Every member of a customer, in the contract's order. Storage and history are derived from this list, so a new field
 * needs only the contract and a migration.
 */
export const customerMembers = Object.entries(schemaNamed('Customer').properties ?? {}).map(
  ([name, schema]) => ({ name: name as keyof Customer, kind: kindOf(schema) }),
);

/** The names of the members that a caller may set. */
export const customerFieldNames = Object.keys(
  schemaNamed('CustomerReplace').properties ?? {},
) as (keyof CustomerFields)[];

const addressMembers = Object.keys(schemaNamed('Address').properties ?? {}) as (keyof Address)[];

/** Defaults of new customers. Not in the contract, because the validator would inject a `default:` into PATCH bodies too. */
const defaults: Pick<CustomerFields, EnumeratedField> = { type: 'person', status: 'active' };

/** Optional fields that cannot be null. The compiler requires a default for each. */
type EnumeratedField = {
  [Name in keyof CustomerFields]: CustomerFields[Name] extends string ? Exclude<Name, 'name'> : never;
}[keyof CustomerFields];

/** Every field with its empty value or default. */
export const emptyFields: CustomerFields = {
  ...(Object.fromEntries(customerFieldNames.map((name) => [name, emptyValue(name)])) as CustomerFields),
  ...defaults,
};

/** Templates with every member in order. Copies of one object share a hidden class in V8, which makes them cheap. */
const emptyCustomer = emptyObject(customerMembers.map(({ name }) => name));
const emptyAddress = emptyObject(addressMembers) as unknown as Address;

/** Formats a version as a strong entity tag (RFC 9110 section 8.8.3). */
export function entityTag(version: number): string {
  return `"${version}"`;
}

/** The fields of a create or replace body; absent ones are empty or have their default. */
export function fieldsFrom(body: CustomerCreate | CustomerReplace): CustomerFields {
  const fields = { ...emptyFields, ...body } as CustomerFields;
  return { ...fields, address: normalizeAddress(fields.address) };
}

/**
 * Applies a JSON Merge Patch (RFC 7396). Null clears a field to its empty value: null, `[]` or `{}`.
 */
export function mergePatch(current: CustomerFields, patch: CustomerUpdate): CustomerFields {
  const fields: Record<string, unknown> = { ...emptyFields };
  for (const name of customerFieldNames) {
    const value = patch[name];
    if (value === undefined) fields[name] = current[name];
    else if (value !== null) fields[name] = isObject(value) ? mergeObject(current[name], value) : value;
  }
  const merged = fields as CustomerFields;
  return { ...merged, address: normalizeAddress(merged.address) };
}

/** Combines fields and state into a customer, members in the contract's order. */
export function assembleCustomer(fields: CustomerFields, state: CustomerState): Customer {
  const { id, version, createdAt, updatedAt, deletedAt } = state;
  const etag = entityTag(version);
  return { ...emptyCustomer, ...fields, id, version, etag, createdAt, updatedAt, deletedAt };
}

/** The members of a customer that a caller may set. */
export function fieldsOf(customer: Customer): CustomerFields {
  const fields: Record<string, unknown> = { ...emptyFields };
  for (const name of customerFieldNames) fields[name] = customer[name];
  return fields as CustomerFields;
}

/** RFC 7396 section 2. */
function mergeObject(target: unknown, patch: object): Record<string, unknown> {
  const merged: Record<string, unknown> = isObject(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete merged[name];
    else if (!isObject(value)) setMember(merged, name, value);
    else setMember(merged, name, mergeObject(Object.hasOwn(merged, name) ? merged[name] : undefined, value));
  }
  return merged;
}

/** Sets a member. Assigning `__proto__` would set the prototype instead. */
function setMember(object: Record<string, unknown>, name: string, value: unknown): void {
  if (name !== '__proto__') object[name] = value;
  else Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true });
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Fills absent members with null. An address whose members are all null becomes null. */
function normalizeAddress(address: Partial<Address> | null): Address | null {
  if (address === null) return null;
  const full: Record<string, unknown> = { ...emptyAddress };
  for (const name of addressMembers) full[name] = address[name] ?? null;
  return addressMembers.every((name) => full[name] === null) ? null : (full as Address);
}

function emptyObject(names: readonly string[]): Record<string, null> {
  return Object.fromEntries(names.map((name) => [name, null]));
}

function emptyValue(name: keyof CustomerFields): unknown {
  const schema = customerMembers.find((member) => member.name === name);
  if (schema?.kind === 'array') return [];
  if (schema?.kind === 'map') return {};
  return null;
}

type MemberKind = 'text' | 'integer' | 'array' | 'map' | 'object';

function kindOf(reference: SchemaObject): MemberKind {
  const schema = reference.$ref ? schemaNamed(reference.$ref.split('/').at(-1) ?? '') : reference;
  if (schema.type === 'array') return 'array';
  if (schema.type === 'integer') return 'integer';
  if (schema.type === 'string') return 'text';
  // Storage would return a boolean or a fraction as text.
  if (schema.type !== 'object')
    throw new Error(`A customer cannot have a member of type ${schema.type} yet.`);
  return typeof schema.additionalProperties === 'object' ? 'map' : 'object';
}
