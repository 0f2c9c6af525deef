import type { HostileRequest } from './hostile-request.ts';

/**
 * The rules of the product that no schema of the contract can state, written down a second time so that they
 * judge the service from outside. They go by the names of members and parameters: an operation that takes the
 * same member is under the same rule by that alone.
 */

/** Text that cannot be stored byte for byte, in member names too. */
export function unstorablePlaces(value: unknown, place = ''): string[] {
  if (typeof value === 'string') return isStorable(value) ? [] : [`${place} cannot be stored as sent`];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) => [
    ...unstorablePlaces(member, `${place}/${name}`),
    ...(isStorable(name) ? [] : [`${place} has a name that cannot be stored as sent`]),
  ]);
}

/** What is wrong with a customer's members beyond their schemas. */
export function bodyRules(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  const { timeZone, metadata, tags } = value as Readonly<Record<string, unknown>>;
  const faults: string[] = [];
  if (typeof timeZone === 'string' && !isTimeZone(timeZone)) faults.push('/timeZone does not exist');
  if (typeof metadata === 'object' && metadata !== null) {
    const keys = Object.keys(metadata).filter((key) => !isMetadataKey(key));
    faults.push(...keys.map((key) => `/metadata has the key ${JSON.stringify(key)}`));
  }
  if (Array.isArray(tags) && new Set(tags).size < tags.length) faults.push('/tags has an item twice');
  return faults;
}

/** Whether the value of a header is malformed beyond its schema, by its name in lower case. */
export const headerRules: Readonly<Record<string, (text: string) => boolean>> = {
  'if-match': (text) => !isTagCondition(text),
  'if-none-match': (text) => !isTagCondition(text),
};

/** Whether what becomes of it depends on what is stored, or on how the service folds texts: both are right. */
export function isUndecided({ query, headers }: HostileRequest): boolean {
  const positions = [...query.filter(([name]) => name === 'after').map(([, value]) => value)];
  for (const [name, value] of Object.entries(headers)) {
    if (name.toLowerCase() === 'last-event-id') positions.push(value.trim());
  }
  // A position that the feed has not reached is refused.
  if (positions.some((position) => /^\d+$/.test(position))) return true;
  // Nothing but marks and what nobody sees: some of the marks are letters of their script.
  const seen = /[^\p{M}\p{Default_Ignorable_Code_Point}\u0640]/u;
  return query.some(([name, value]) => name === 'q' && value !== '' && !seen.test(value.normalize('NFKD')));
}

/** What two inputs of one request break together. */
export function crossRules({ target, path, query, body }: HostileRequest): string[] {
  const faults: string[] = [];
  const sort = query.find(([name]) => name === 'sort')?.[1];
  if (query.some(([name]) => name === 'q') && sort !== undefined && !/^-?createdAt$/.test(sort)) {
    faults.push('q goes with createdAt only');
  }
  if (path.externalId !== undefined && target.method === 'PUT' && body) {
    const { externalId } = (parsed(body) ?? {}) as { externalId?: unknown };
    if (externalId !== undefined && externalId !== path.externalId) faults.push('body /externalId differs');
  }
  return faults;
}

/** The one rule of a body that only the stored customer can tell: so many keys after a merge. */
export function mayOverfillMetadata({ target, body }: HostileRequest): boolean {
  if (target.method !== 'PATCH' || !body) return false;
  const { metadata } = (parsed(body) ?? {}) as { metadata?: unknown };
  return typeof metadata === 'object' && metadata !== null && Object.keys(metadata).length > 20;
}

function parsed(body: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(body).toString());
  } catch {
    return undefined;
  }
}

function isStorable(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit === 0) return false;
    if (unit < 0xd800 || unit > 0xdfff) continue;
    const next = text.charCodeAt(index + 1);
    if (unit > 0xdbff || !(next >= 0xdc00 && next <= 0xdfff)) return false;
    index++;
  }
  return true;
}

function isMetadataKey(key: string): boolean {
  return (
    key.length >= 1 && key.length <= 40 && [...key].every((character) => /[A-Za-z0-9_.-]/.test(character))
  );
}

function isTimeZone(name: string): boolean {
  try {
    return Boolean(new Intl.DateTimeFormat('en', { timeZone: name }));
  } catch {
    return false;
  }
}

/** `*`, or a list of entity tags with at least one (RFC 9110 sections 5.6.1.2, 8.8.3 and 13.1), read by hand. */
function isTagCondition(text: string): boolean {
  if (text === '*') return true;
  let count = 0;
  let index = 0;
  for (;;) {
    while (text[index] === ' ' || text[index] === '\t' || text[index] === ',') index++;
    if (index >= text.length) return count > 0;
    if (count > 0 && !/,[ \t,]*$/.test(text.slice(0, index))) return false;
    if (text.startsWith('W/', index)) index += 2;
    if (text[index] !== '"') return false;
    const end = text.indexOf('"', index + 1);
    if (end === -1 || !/^[\x21\x23-\x7e\x80-\xff]*$/.test(text.slice(index + 1, end))) return false;
    index = end + 1;
    count++;
  }
}
