/** How a service written by hand turns rows into customers and back. */
import { v7 as uuidv7 } from 'uuid';
import { emailKey, nameKey } from '../../../dist/domain/normalization.js';

export const columns = [
  'id', 'external_id', 'type', 'name', 'email', 'phone', 'locale', 'time_zone', 'address', 'status', 'tags',
  'note', 'metadata', 'version', 'created_at', 'updated_at', 'deleted_at', 'email_key', 'name_key',
]; // biome-ignore format: one list

/** The row that the database gives, as the contract's Customer. */
export function customerOf(row) {
  return {
    id: row.id,
    externalId: row.external_id,
    type: row.type,
    name: row.name,
    email: row.email,
    phone: row.phone,
    locale: row.locale,
    timeZone: row.time_zone,
    address: row.address === null ? null : parsed(row.address),
    status: row.status,
    tags: parsed(row.tags),
    note: row.note,
    metadata: parsed(row.metadata),
    version: Number(row.version),
    etag: `"${row.version}"`,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    deletedAt: row.deleted_at,
  };
}

// pg has parsed its json columns already.
const parsed = (value) => (typeof value === 'string' ? JSON.parse(value) : value);

export function rowOf(customer) {
  return {
    id: customer.id,
    external_id: customer.externalId,
    type: customer.type,
    name: customer.name,
    email: customer.email,
    phone: customer.phone,
    locale: customer.locale,
    time_zone: customer.timeZone,
    address: customer.address === null ? null : JSON.stringify(customer.address),
    status: customer.status,
    tags: JSON.stringify(customer.tags),
    note: customer.note,
    metadata: JSON.stringify(customer.metadata),
    version: customer.version,
    created_at: customer.createdAt,
    updated_at: customer.updatedAt,
    deleted_at: customer.deletedAt,
    email_key: customer.email === null ? null : emailKey(customer.email),
    name_key: nameKey(customer.name),
  };
}

const noAddress = { line1: null, line2: null, city: null, region: null, postalCode: null, country: null };

/** A new customer from what was sent. */
export function created(body) {
  const now = new Date().toISOString();
  return {
    id: uuidv7(),
    externalId: null, type: 'person', name: '', email: null, phone: null, locale: null, timeZone: null,
    status: 'active', tags: [], note: null, metadata: {},
    ...body,
    address: body.address ? { ...noAddress, ...body.address } : null,
    version: 1,
    etag: '"1"',
    createdAt: now,
    updatedAt: now,
    deletedAt: null,
  }; // biome-ignore format: one list
}

/** The next version of a customer after a JSON Merge Patch. */
export function patched(customer, patch) {
  const version = customer.version + 1;
  const merged = {
    address: patch.address && customer.address ? { ...customer.address, ...patch.address } : patch.address,
    metadata: patch.metadata && { ...customer.metadata, ...patch.metadata },
  };
  const given = Object.fromEntries(
    Object.entries({ ...patch, ...merged }).filter(([, value]) => value !== undefined),
  );
  return { ...customer, ...given, version, etag: `"${version}"`, updatedAt: new Date().toISOString() };
}

/** A position in the list, newest first, for a cursor. */
export const cursorOf = (row) =>
  Buffer.from(JSON.stringify([row.created_at, Number(row.ordinal)])).toString('base64url');
export const positionOf = (cursor) => JSON.parse(Buffer.from(cursor, 'base64url').toString());

/** The rows of a page with one more as the body of the reply. */
export function pageOf(rows, limit) {
  const shown = rows.slice(0, limit);
  return {
    items: shown.map(customerOf),
    nextCursor: rows.length > limit ? cursorOf(shown.at(-1)) : null,
  };
}
