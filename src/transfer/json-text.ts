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

// The closing quote is optional, so that a string without end is one match and the scan stays linear.
const token = /"(?:[^"\\]|\\.)*"?|[{}[\],:]/gs;

/** The same for a text that was decoded already, which is called `subject` in what is told. */
export function jsonStructureFault(text: string, subject: string): string | undefined {
  /** The member names of each object that is open; null for an array. */
  const open: (Set<string> | null)[] = [];
  let previous = '';
  for (const [found] of text.matchAll(token)) {
    if (found === '{' || found === '[') {
      open.push(found === '{' ? new Set() : null);
      if (open.length > depthMax) return `The ${subject} is nested deeper than ${depthMax} levels.`;
    } else if (found === '}' || found === ']') {
      open.pop();
    } else if (found === ':') {
      const names = open.at(-1);
      const name = decoded(previous);
      if (names?.has(name)) return `The ${subject} has an object that names a member twice.`;
      names?.add(name);
    }
    previous = found;
  }
  return undefined;
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
