/** No line of the service comes near it; without a bound, something that is no service could fill the memory. */
const lineLengthMax = 16 * 1024 * 1024;

/** The pieces of a body as text, cut where they happened to arrive. */
export async function* decoded(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder();
  for await (const piece of pieces) {
    const text = decoder.decode(piece, { stream: true });
    if (text !== '') yield text;
  }
  const rest = decoder.decode();
  if (rest !== '') yield rest;
}

/** The lines of a text, whatever ends them: LF, CRLF or CR. A last line that nothing ends comes too. */
export async function* splitLines(pieces: AsyncIterable<string>): AsyncGenerator<string, void, undefined> {
  let rest = '';
  for await (const piece of pieces) {
    const text = rest + piece;
    // A CR at the very end may be the first half of a CRLF.
    const cut = text.endsWith('\r') ? text.length - 1 : text.length;
    const lines = text.slice(0, cut).split(/\r\n|\n|\r/);
    rest = (lines.pop() ?? '') + text.slice(cut);
    if (rest.length > lineLengthMax)
      throw new RangeError(`A line has more than ${lineLengthMax} characters.`);
    yield* lines;
  }
  if (rest !== '') yield rest.replace(/\r$/, '');
}

/** The values of an NDJSON text, one a line. */
export async function* parseLines<Item>(
  pieces: AsyncIterable<string>,
): AsyncGenerator<Item, void, undefined> {
  for await (const line of splitLines(pieces)) {
    if (line !== '') yield JSON.parse(line) as Item;
  }
}
