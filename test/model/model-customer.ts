import { isDeepStrictEqual } from 'node:util';
import type { Body } from './model-requests.ts';

/**
 * A customer as the product's description defines it. Uses nothing of `src/domain`, so that the model does
 * not share its bugs.
 */
export interface ModelCustomer {
  readonly id: string;
  readonly fields: Fields;
  readonly version: number;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly deletedAt: number | null;
  /** Order of creation. */
  readonly ordinal: number;
  /** Feed position of the latest change. */
  readonly position: number;
}

type Fields = Readonly<Record<string, unknown>> & {
  readonly name: string;
  readonly email: string | null;
  readonly externalId: string | null;
};

/** All fields of a body, with absent ones empty or at their default. */
export function wholeFields(body: Body): Fields {
  const { externalId, type, name, email, phone, locale, timeZone, address, status, tags, note, metadata } =
    body;
  return {
    externalId: (externalId ?? null) as string | null,
    type: type ?? 'person',
    name: name as string,
    email: (email ?? null) as string | null,
    phone: phone ?? null,
    locale: locale ?? null,
    timeZone: timeZone ?? null,
    address: wholeAddress((address ?? {}) as Body),
    status: status ?? 'active',
    tags: tags ?? [],
    note: note ?? null,
    metadata: metadata ?? {},
  };
}

function wholeAddress(given: Body): Body | null {
  const { line1, line2, city, region, postalCode, country } = given;
  const parts = { line1, line2, city, region, postalCode, country };
  const entries = Object.entries(parts).map(([name, value]) => [name, value ?? null]);
  return entries.some(([, value]) => value !== null) ? Object.fromEntries(entries) : null;
}

/** The fields after a merge patch; removed ones become empty. */
export function patchedFields(fields: Fields, patch: Body): Fields {
  return wholeFields(mergePatch(fields, patch) as Body);
}

/** The pseudocode of RFC 7396 section 2. */
function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const result: Record<string, unknown> = isObject(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete result[name];
    else result[name] = mergePatch(result[name], value);
  }
  return result;
}

function isObject(value: unknown): value is Body {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function sameFields(one: Fields, other: Fields): boolean {
  return isDeepStrictEqual(one, other);
}

/** The customer as the bytes of a response. */
export function renderedCustomer({ id, fields, ...state }: ModelCustomer): string {
  const { externalId, type, name, email, phone, locale, timeZone, address, status, tags, note, metadata } =
    fields;
  const { version, createdAt, updatedAt, deletedAt } = state;
  return JSON.stringify({
    ...{ id, externalId, type, name, email, phone, locale, timeZone, address, status, tags, note, metadata },
    version,
    etag: `"${version}"`,
    createdAt: new Date(createdAt).toISOString(),
    updatedAt: new Date(updatedAt).toISOString(),
    deletedAt: deletedAt === null ? null : new Date(deletedAt).toISOString(),
  });
}

/** Emails are equal if they are in NFC and lower case. */
export function comparableEmail(email: string): string {
  return email.normalize('NFC').toLowerCase();
}

/** The sort key of `sort=name`: case and accents folded, the first 100 code points. */
export function comparableName(name: string): string {
  const folded = name.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
  return Array.from(folded).slice(0, 100).join('');
}

/** Whether a search finds a customer with these fields. */
export function isFound({ name, email, phone, externalId }: Fields, q: string): boolean {
  return [name, email, phone, externalId].some(
    (text) => typeof text === 'string' && comparableText(text).includes(comparableText(q)),
  );
}

/** What a search compares, for the few letters that the sequences use. */
function comparableText(text: string): string {
  return text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase().replaceAll('ł', 'l');
}
