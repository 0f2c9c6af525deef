import { isUtf8 } from 'node:buffer';

/** Deeper than any customer. Unlimited nesting would overflow the stack of recursive code. */
const depthMax = 32;

/**
 * Finds errors that decoding and `JSON.parse` accept silently: invalid UTF-8, a byte order mark, excessive nesting,
 * duplicate member names (RFC 8259 section 4). Returns a sentence that describes the first one, or undefined.
 */
export function findJsonTextError(bytes: Uint8Array): string | undefined {
  if (!isUtf8(bytes)) return 'The body is not valid UTF-8.';
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf)
    return 'The body begins with a byte order mark.';
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
  return findJsonStructureError(text, 'body');
}

const quote = 0x22;
const colon = 0x3a;
const openingBracket = 0x5b;
const backslash = 0x5c;
const closingBracket = 0x5d;
const openingBrace = 0x7b;
const closingBrace = 0x7d;

/**
 * Like {@link findJsonTextError}, for decoded text.
 * @param subject what the sentence calls the text, such as `line`.
 */
export function findJsonStructureError(text: string, subject: string): string | undefined {
  /** The member names of each open object; null for an array. */
  const open: (Set<string> | null)[] = [];
  /** The last string, which is a member name if a colon follows. `end` is 0 if there is none. */
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

/** The index of the quote that closes the string starting at `begin`, or of the last character if there is none. */
function endOfString(text: string, begin: number): number {
  for (let at = begin + 1; at < text.length; at += 1) {
    const found = text.charCodeAt(at);
    if (found === quote) return at;
    if (found === backslash) at += 1;
  }
  return text.length - 1;
}

/** Decodes escapes, because `"a"` and `"\u0061"` are the same name. */
function decoded(literal: string): string {
  if (!literal.includes('\\')) return literal;
  try {
    return `"${JSON.parse(literal)}"`;
  } catch {
    return literal;
  }
}
