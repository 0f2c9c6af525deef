import { parseReply, shortenedLike, textOf } from '../support/printed-response.ts';

/** Maps names on the page (ids, keys, cursors) to those of the run, one to one. */
export type Names = Map<string, string>;

const leftOut = '…';

/** Values that differ between runs and recur: the same on the page means the same in the run. */
const named = [
  /customers_[0-9a-f]{12}_\w+/,
  /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/,
  /[\w-]{60,}/,
  /\b[0-9a-f]{12}\b/,
];
/** Values that differ between runs and are not compared. */
const measured = [
  /\d{4}-\d\d-\d\dT[\d:.-]+Z/,
  /\bpid \d+/,
  /\bkill -USR2 \d+/,
  /\b[\d,]+ bytes/,
  /\b[\d,.]+ MB/,
  /\b[\d,.]+ rows\/s/,
  /:[A-Za-z0-9+/=]{40,}:/,
];
const namedSource = named.map(({ source }) => source).join('|');
const measuredSource = measured.map(({ source }) => source).join('|');
const parts = new RegExp(
  `(?<measured>${measuredSource})|(?<named>${namedSource})|(?<leftOut>${leftOut})`,
  'g',
);

/** Compares an output with the printed one; returns the two differing texts, or undefined. */
export function difference(
  printed: { readonly language: string; readonly text: string },
  output: string,
  names: Names,
): { readonly printed: string; readonly output: string } | undefined {
  const [expected, actual] = comparable(printed, output.replaceAll('\r\n', '\n').trimEnd());
  const { pattern, unknown } = patternOf(expected, names);
  const match = pattern.exec(actual);
  const values = unknown.map((_, index) => match?.[index + 1] ?? '');
  const isOneToOne = new Set([...names.values(), ...values]).size === names.size + unknown.length;
  if (!match || !isOneToOne) return { printed: withNames(expected, names), output: actual };
  for (const [index, name] of unknown.entries()) names.set(name, values[index] as string);
  return undefined;
}

/** A command with the page's earlier values replaced by the run's. */
export function withNames(text: string, names: Names): string {
  return text.replace(new RegExp(namedSource, 'g'), (name) => names.get(name) ?? name);
}

/** Normalizes both texts: omits headers that the page omits, and formats JSON alike. */
function comparable(
  printed: { readonly language: string; readonly text: string },
  output: string,
): [string, string] {
  const { language, text } = printed;
  if (language === 'http') return inOneForm(text, output);
  const isDocument = language === 'json' && isOneDocument(text) && isOneDocument(output);
  return isDocument ? inOneForm(`\n\n${text}`, `\n\n${output}`) : [text, output];
}

function inOneForm(text: string, output: string): [string, string] {
  const expected = parseReply(text);
  return [textOf(expected), textOf(shortenedLike(expected, parseReply(output)))];
}

function isOneDocument(text: string): boolean {
  try {
    parseReply(`\n\n${text}`);
    return true;
  } catch {
    return false;
  }
}

function patternOf(expected: string, names: Names): { pattern: RegExp; unknown: string[] } {
  const unknown: string[] = [];
  const nameOf = (name: string): string => {
    const known = names.get(name);
    if (known !== undefined) return literally(known);
    const index = unknown.indexOf(name);
    if (index >= 0) return `(?:\\${index + 1})`;
    unknown.push(name);
    return `(${kindOf(name, named)})`;
  };
  let source = '';
  let end = 0;
  for (const { 0: found, index, groups } of expected.matchAll(parts)) {
    source += literally(expected.slice(end, index));
    end = index + found.length;
    if (groups?.named) source += nameOf(found);
    else if (groups?.measured) source += kindOf(found, measured);
    else source += isWholeLine(expected, index) ? '[^]*?' : '[^\\n]*';
  }
  return { pattern: new RegExp(`^${source}${literally(expected.slice(end))}$`), unknown };
}

/** A pattern for any value of this kind. */
function kindOf(value: string, kinds: readonly RegExp[]): string {
  return kinds.find(({ source }) => new RegExp(`^(?:${source})$`).test(value))?.source ?? literally(value);
}

function literally(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&');
}

function isWholeLine(text: string, index: number): boolean {
  return /(^|\n) *$/.test(text.slice(0, index)) && /^(\n|$)/.test(text.slice(index + 1));
}
