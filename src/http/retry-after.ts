/** Spread, so that those who are refused together do not come back together. */
const longestSeconds = 5;

/** How long a caller that is turned away for overload is asked to wait. */
export function retryAfterSeconds(): string {
  return String(1 + Math.floor(Math.random() * longestSeconds));
}
