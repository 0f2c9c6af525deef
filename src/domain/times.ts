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
