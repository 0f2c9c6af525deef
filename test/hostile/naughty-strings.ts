import { readFileSync } from 'node:fs';

type Entry = string | readonly [text: string, times: number];

/**
 * Texts that programs have stumbled over: words that stand for values, control and format characters, scripts from
 * right to left, combining marks, emoji, code of many kinds, names that filters refuse, and long ones, which are
 * listed as a text and how often it stands there. Each of them once.
 */
export const naughtyStrings: readonly string[] = (
  JSON.parse(readFileSync(new URL('./naughty-strings.json', import.meta.url), 'utf8')) as readonly Entry[]
).map((entry) => (typeof entry === 'string' ? entry : entry[0].repeat(entry[1])));
