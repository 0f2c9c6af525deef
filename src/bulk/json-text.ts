import { isUtf8 } from 'node:buffer';

/** Deeper nesting than any customer has; without a bound it overflows the stack of whoever walks the value. */
const depthMax = 32;

/**
 * What is wrong with a JSON text that `JSON.parse` takes without a word: bytes that are not UTF-8, a byte
 * order mark, nesting without bound, an object that names a member twice (RFC 8259 section 4: which of the two
 * counts is anyone's guess). Undefined when nothing is; the rest is for the parser to judge.
 */
export function jsonTextFault(bytes: Uint8Array): string | undefined {
  if (!isUtf8(bytes)) return 'The body is not valid UTF-8.';
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf)
    return 'The body begins with a byte order mark.';
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
  return jsonStructureFault(text, 'body');
}

const quote = 0x22;
const colon = 0x3a;
const openingBracket = 0x5b;
const backslash = 0x5c;
const closingBracket = 0x5d;
const openingBrace = 0x7b;
const closingBrace = 0x7d;

/**
 * The same for a text that was decoded already, which is called `subject` in what is told. It goes from character to
 * character, strings in one step: with a regular expression for the tokens a customer took four times as long.
 */
export function jsonStructureFault(text: string, subject: string): string | undefined {
  /** The member names of each object that is open; null for an array. */
  const open: (Set<string> | null)[] = [];
  /** Where the string before began and ended: before a colon it is a name. An end of 0 stands for none. */
  let begin = 0;
  let end = 0;
  for (let at = 0; at < text.length; at += 1) {
    const found = text.charCodeAt(at);
    if (found === quote) {
      begin = at;
      at = endOfString(text, begin);
      end = at + 1;
    } else if (found === colon && end > 0) {
      const names = open.at(-1);
      const name = decoded(text.slice(begin, end));
      end = 0;
      if (names?.has(name)) return `The ${subject} has an object that names a member twice.`;
      names?.add(name);
    } else if (found === openingBrace || found === openingBracket) {
      open.push(found === openingBrace ? new Set() : null);
      if (open.length > depthMax) return `The ${subject} is nested deeper than ${depthMax} levels.`;
    } else if (found === closingBrace || found === closingBracket) {
      open.pop();
    }
  }
  return undefined;
}

/** Where the quote is that closes the string that begins here; the last place of the text where there is none. */
function endOfString(text: string, begin: number): number {
  for (let at = begin + 1; at < text.length; at += 1) {
    const found = text.charCodeAt(at);
    if (found === quote) return at;
    if (found === backslash) at += 1;
  }
  return text.length - 1;
}

/** Two spellings of a name (`"a"`, `"\u0061"`) are one name. */
function decoded(literal: string): string {
  if (!literal.includes('\\')) return literal;
  try {
    return `"${JSON.parse(literal)}"`;
  } catch {
    return literal;
  }
}
