/** Reports progress on standard error. */

const startedAt = performance.now();

/** One line: on a terminal it is written over by the next. */
export function progress(text: string): void {
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(0).padStart(4);
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${seconds} s  ${text}`);
  else if (text !== last) process.stderr.write(`${seconds} s  ${text}\n`);
  last = text;
}

let last = '';

/** A line that stays. */
export function tell(text: string): void {
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  process.stdout.write(`${text}\n`);
}
