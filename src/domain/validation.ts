import type { CustomerCreate, CustomerReplace, CustomerUpdate, ProblemError } from '../contract/types.ts';
import type { CustomerFields } from './customer.ts';
import { invalidRequest } from './failures.ts';

const metadataKeyPattern = /^[A-Za-z0-9_.-]{1,40}$/;
const metadataKeysMax = 50;

/**
 * The rules that a schema cannot state: text that both databases store byte for byte, a time zone that
 * exists, metadata keys. The schema has been checked before.
 * @throws Failure `invalid_request` naming every fault.
 */
export function checkBody(body: CustomerCreate | CustomerReplace | CustomerUpdate): void {
  const errors = [
    ...(isStorableThroughout(body) ? [] : unstorableText(body, [])),
    ...(body.timeZone && !isTimeZone(body.timeZone)
      ? [{ pointer: '#/timeZone', detail: 'must be a known IANA time zone name, such as Europe/Vienna' }]
      : []),
    // The validator's own check for equal items misses those that are named like members of every object.
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
 * The rules that only the outcome of a merge patch can break.
 * @throws Failure `invalid_request`.
 */
export function checkMerged(fields: CustomerFields): void {
  if (Object.keys(fields.metadata).length > metadataKeysMax) {
    const detail = `must have at most ${metadataKeysMax} keys after the patch`;
    throw invalidRequest([{ pointer: '#/metadata', detail }]);
  }
}

/** A name that nobody reads to its end is not repeated to its end: a body may hold one of 64 kB. */
const nameLengthMax = 200;

/**
 * A JSON Pointer in its URI fragment form (RFC 6901 section 6). A lone surrogate, which has no form in a URI, is
 * shown as U+FFFD.
 */
export function pointerTo(names: readonly string[]): string {
  return ['#', ...names.map((name) => encodeURIComponent(pointerToken(name)))].join('/');
}

function pointerToken(name: string): string {
  const shown = name.length > nameLengthMax ? `${name.slice(0, nameLengthMax)}…` : name;
  return shown
    .replace(/\p{Surrogate}/gu, '\uFFFD')
    .replaceAll('~', '~0')
    .replaceAll('/', '~1');
}

/** What nearly every body is found to be, without the lists of {@link unstorableText}. */
function isStorableThroughout(value: unknown): boolean {
  if (typeof value === 'string') return isStorable(value);
  if (typeof value !== 'object' || value === null) return true;
  for (const key of Object.keys(value)) {
    if (!isStorable(key) || !isStorableThroughout((value as Record<string, unknown>)[key])) return false;
  }
  return true;
}

/** PostgreSQL cannot store U+0000, and UTF-8 has no form for a lone surrogate. */
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

/** `isWellFormed` of ES2024, written with what ES2023 has: a lone surrogate matches `\p{Surrogate}`. */
function isStorable(text: string): boolean {
  return !text.includes('\0') && !/\p{Surrogate}/u.test(text);
}

/** Names that the runtime knows, in lower case: asking it costs 50 microseconds, and there are a few hundred. */
const knownTimeZones = new Set<string>();

/** Offsets such as `+01:00` are taken by newer runtimes: the contract's pattern has excluded them. */
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

/** The ends of what four digits of a year can say: beyond them text no longer orders as time does. */
const earliestMs = Date.parse('0000-01-01T00:00:00.000Z');
const latestMs = Date.parse('9999-12-31T23:59:59.999Z');

const timePattern = /^(.*:\d{2})(?:\.(\d+))?(Z|[+-]\d{2}:\d{2})$/;

/**
 * An RFC 3339 time as UTC with milliseconds, rounded up. Customers carry whole milliseconds, so both "at or
 * after" and "before" a time between two of them mean the later one.
 */
export function ceilToMilliseconds(time: string): string {
  const [, toSeconds = '', fraction = '', offset = ''] = timePattern.exec(time) ?? [];
  const milliseconds = Number(fraction.slice(0, 3).padEnd(3, '0'));
  const roundUp = /[1-9]/.test(fraction.slice(3)) ? 1 : 0;
  const instantMs = Date.parse(`${toSeconds}${offset}`) + milliseconds + roundUp;
  return new Date(Math.min(Math.max(instantMs, earliestMs), latestMs)).toISOString();
}
