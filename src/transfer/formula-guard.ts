/**
 * What a spreadsheet computes instead of showing it: a text that begins with one of these, or with their full-width
 * forms, which some read as the same. A tab or a line break may be dropped and lay bare what follows.
 */
const formula = /^'*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/;
const guarded = /^'+[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/;

/** The text as it may stand in a cell: with an apostrophe before it where it could be computed. */
export function guardFormula(text: string): string {
  return formula.test(text) ? `'${text}` : text;
}

/** The text that a cell stands for. What was not guarded, such as a phone number typed in, is read as it is. */
export function unguardFormula(cell: string): string {
  return guarded.test(cell) ? cell.slice(1) : cell;
}
