import type { CustomerCreate, CustomerReplace, CustomerUpdate, ProblemError } from '../contract/types.ts';
import type { CustomerFields } from './customer.ts';
import { invalidRequest } from './failures.ts';

const metadataKeyPattern = /^[A-Za-z0-9_.-]{1,40}$/;
const metadataKeysMax = 50;

/**
 * Checks what the contract's schema cannot express: storable text, existing time zones, metadata keys.
 * @throws Failure `invalid_request` listing every error.
 */
export function checkBody(body: CustomerCreate | CustomerReplace | CustomerUpdate): void {
  const errors = [
    ...(isStorableThroughout(body) ? [] : unstorableText(body, [])),
    ...(body.timeZone && !isTimeZone(body.timeZone)
      ? [{ pointer: '#/timeZone', detail: 'must be a known IANA time zone name, such as Europe/Vienna' }]
      : []),
    // The validator's uniqueItems misses items such as `constructor`.
    ...(body.tags && new Set(body.tags).size < body.tags.length
      ? [{ pointer: '#/tags', detail: 'must not have the same item twice' }]
      : []),
    ...Object.keys(body.metadata ?? {})
      .filter((key) => isStorable(key) && !metadataKeyPattern.test(key))
      .map((key) => ({
        pointer: pointerTo(['metadata', key]),
        detail: 'must have a key of 1 to 40 of the characters A-Z a-z 0-9 _ . -',
      })),
  ];
  if (errors.length > 0) throw invalidRequest(errors);
}

/**
 * Checks the limits that only the result of a merge patch can exceed.
 * @throws Failure `invalid_request`.
 */
export function checkMerged(fields: CustomerFields): void {
  if (Object.keys(fields.metadata).length > metadataKeysMax) {
    const detail = `must have at most ${metadataKeysMax} keys after the patch`;
    throw invalidRequest([{ pointer: '#/metadata', detail }]);
  }
}

/** Longer member names are cut in pointers. */
const nameLengthMax = 200;

/**
 * Builds a JSON Pointer in URI fragment form (RFC 6901 section 6). A lone surrogate becomes U+FFFD.
 */
export function pointerTo(names: readonly string[]): string {
  return ['#', ...names.map((name) => encodeURIComponent(pointerToken(name)))].join('/');
}

/** Decodes one reference token of a JSON Pointer (RFC 6901 section 4). */
export function unescapeToken(token: string): string {
  return token.replaceAll('~1', '/').replaceAll('~0', '~');
}

function pointerToken(name: string): string {
  const shown = name.length > nameLengthMax ? `${name.slice(0, nameLengthMax)}…` : name;
  return shown
    .replace(/\p{Surrogate}/gu, '\uFFFD')
    .replaceAll('~', '~0')
    .replaceAll('/', '~1');
}

/** Fast path: whether {@link unstorableText} would find nothing. */
function isStorableThroughout(value: unknown): boolean {
  if (typeof value === 'string') return isStorable(value);
  if (typeof value !== 'object' || value === null) return true;
  for (const key of Object.keys(value)) {
    if (!isStorable(key) || !isStorableThroughout((value as Record<string, unknown>)[key])) return false;
  }
  return true;
}

/** The errors for text that cannot be stored as sent: PostgreSQL rejects U+0000, and UTF-8 cannot encode lone surrogates. */
function unstorableText(value: unknown, names: readonly string[]): ProblemError[] {
  if (typeof value === 'string') return isStorable(value) ? [] : [unstorable(names)];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, member]) =>
    isStorable(key) ? unstorableText(member, [...names, key]) : [unstorable(names)],
  );
}

function unstorable(names: readonly string[]): ProblemError {
  const detail = 'must not contain U+0000 or a lone surrogate: they cannot be stored as sent';
  return { pointer: pointerTo(names), detail };
}

/** A lone surrogate matches `\p{Surrogate}`; a pair does not. */
function isStorable(text: string): boolean {
  return !text.includes('\0') && !/\p{Surrogate}/u.test(text);
}

/** Cache of valid names in lower case. Asking Intl is slow, and there are only a few hundred names. */
const knownTimeZones = new Set<string>();

/** Newer runtimes also accept offsets such as `+01:00`; the contract's pattern excludes them. */
function isTimeZone(timeZone: string): boolean {
  const name = timeZone.toLowerCase();
  if (knownTimeZones.has(name)) return true;
  try {
    new Intl.DateTimeFormat('en', { timeZone });
  } catch {
    return false;
  }
  knownTimeZones.add(name);
  return true;
}

/** The range of four-digit years, in which times sort as text. */
const earliestMs = Date.parse('0000-01-01T00:00:00.000Z');
const latestMs = Date.parse('9999-12-31T23:59:59.999Z');

const timePattern = /^(.*:\d{2})(?:\.(\d+))?(Z|[+-]\d{2}:\d{2})$/;

/**
 * Converts an RFC 3339 time to UTC with milliseconds, rounded up. Stored times have whole milliseconds, so rounding up
 * is right for both inclusive lower and exclusive upper bounds.
 */
export function ceilToMilliseconds(time: string): string {
  const [, toSeconds = '', fraction = '', offset = ''] = timePattern.exec(time) ?? [];
  const milliseconds = Number(fraction.slice(0, 3).padEnd(3, '0'));
  const roundUp = /[1-9]/.test(fraction.slice(3)) ? 1 : 0;
  const instantMs = Date.parse(`${toSeconds}${offset}`) + milliseconds + roundUp;
  return new Date(Math.min(Math.max(instantMs, earliestMs), latestMs)).toISOString();
}
