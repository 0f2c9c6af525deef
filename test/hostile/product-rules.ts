import type { HostileRequest } from './hostile-request.ts';

/**
 * Product rules that the contract's schemas cannot express, implemented independently of the service. They
 * apply by the names of members and parameters, so an operation with the same member has the same rule.
 */

/** Reports text that cannot be stored byte for byte, member names included. */
export function unstorablePlaces(value: unknown, place = ''): string[] {
  if (typeof value === 'string') return isStorable(value) ? [] : [`${place} cannot be stored as sent`];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) => [
    ...unstorablePlaces(member, `${place}/${name}`),
    ...(isStorable(name) ? [] : [`${place} has a name that cannot be stored as sent`]),
  ]);
}

/** Faults of a customer's members beyond their schemas. */
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

/** Whether a header's value is malformed beyond its schema, by lower-case name. */
export const headerRules: Readonly<Record<string, (text: string) => boolean>> = {
  'if-match': (text) => !isTagCondition(text),
  'if-none-match': (text) => !isTagCondition(text),
};

/** Whether the result depends on stored data or text folding, so that success and failure are both right. */
export function isUndecided({ query, headers }: HostileRequest): boolean {
  const positions = [...query.filter(([name]) => name === 'after').map(([, value]) => value)];
  for (const [name, value] of Object.entries(headers)) {
    if (name.toLowerCase() === 'last-event-id') positions.push(value.trim());
  }
  // A position ahead of the feed is refused.
  if (positions.some((position) => /^\d+$/.test(position))) return true;
  // Consists only of marks and invisible characters; some of the marks are letters in their script.
  const seen = /[^\p{M}\p{Default_Ignorable_Code_Point}\u0640]/u;
  return query.some(([name, value]) => name === 'q' && value !== '' && !seen.test(value.normalize('NFKD')));
}

/** Rules that two inputs of one request break together. */
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

/** The only rule of a body that depends on the stored customer: too many keys after a merge. */
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

/** `*`, or a list of at least one entity tag (RFC 9110 sections 5.6.1.2, 8.8.3 and 13.1), parsed by hand. */
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
