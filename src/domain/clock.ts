/** Returns the current time in milliseconds since 1970. */
export type Clock = () => number;

/** Creates the id of a new customer: a lower-case version 7 UUID (RFC 9562), greater than earlier ones. */
export type IdSource = () => string;

/** Formats milliseconds since 1970 as RFC 3339 in UTC with milliseconds. */
export function timestamp(ms: number): string {
  return new Date(ms).toISOString();
}
