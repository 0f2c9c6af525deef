import { readFileSync } from 'node:fs';

type Entry = string | readonly [text: string, times: number];

/**
 * Unique texts that programs are known to mishandle: words with a special value, control and format
 * characters, right-to-left scripts, combining marks, emoji, code, filtered words, and long texts, listed as
 * a text and a count.
 */
export const naughtyStrings: readonly string[] = (
  JSON.parse(readFileSync(new URL('./naughty-strings.json', import.meta.url), 'utf8')) as readonly Entry[]
).map((entry) => (typeof entry === 'string' ? entry : entry[0].repeat(entry[1])));
