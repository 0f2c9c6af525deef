import type { Customer } from '../contract/types.ts';

/** In code points: enough to sort by, and small enough for any index. */
const nameKeyLength = 100;

/** Normalizes an email address for comparison: NFC, lower case. */
export function emailKey(email: string): string {
  return email.normalize('NFC').toLowerCase();
}

/**
 * Folds case and accents: NFKD without marks, lower case. Done here rather than in SQL so that both databases
 * order alike.
 */
export function foldText(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .toLowerCase();
}

/** The key that `sort=name` orders by, bytewise. */
export function nameKey(name: string): string {
  return [...foldText(name)].slice(0, nameKeyLength).join('');
}

/** The shortest term, in code points, that a trigram index can find. */
export const indexedLengthMin = 3;

/** Separates the members of a search text. Folded text never contains it, so no term matches across two members. */
const separator = '\n';

/** Marks of scripts in which they are accents or optional. In other scripts marks are vowels, which must stay. */
const accents = /(?=[\p{Script=Inherited}\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Cyrillic}])\p{M}/gu;

/** Invisible characters: joiners, soft hyphens, variation selectors, and the Arabic tatweel. */
const invisible = /[\p{Default_Ignorable_Code_Point}\u0640]/gu;

const spaces = /[\s\p{Cc}]/gu;

/** Letters that people type otherwise and that Unicode does not decompose. */
const otherSpellings: Readonly<Record<string, string>> = {
  ...{ æ: 'ae', œ: 'oe', ø: 'o', ł: 'l', đ: 'd', ð: 'd', þ: 'th', ħ: 'h', ŧ: 't' },
  // Final sigma.
  ς: 'σ',
};
const respelt = new RegExp(`[${Object.keys(otherSpellings).join('')}]`, 'gu');

/**
 * Folds a search term or a searched text; the two are compared code point by code point. Folds more than `foldText`,
 * because people search with the keys they have. Folding a substring yields a substring of the folded text.
 */
export function foldForSearch(text: string): string {
  return (
    text
      .normalize('NFKD')
      .replace(accents, '')
      .replace(invisible, '')
      .replace(spaces, ' ')
      // Upper case turns ß into SS and dotless ı into I.
      .toLowerCase()
      .toUpperCase()
      .toLowerCase()
      // Last, because lower-casing Σ yields ς or σ depending on the next letter.
      .replace(respelt, (letter) => otherSpellings[letter] ?? letter)
  );
}

/** The members that a search covers. */
export type SearchedMembers = Pick<Customer, 'name' | 'email' | 'phone' | 'externalId'>;

/** The text that a search of a customer covers. */
export function searchText(customer: SearchedMembers): string {
  return searchTexts(customer).join(separator);
}

/** The folded members that a search covers. */
export function searchTexts({ name, email, phone, externalId }: SearchedMembers): string[] {
  return [name, email, phone, externalId].filter((member) => member !== null).map(foldForSearch);
}

/** The length of a folded term in code points, the unit of trigrams. */
export function termLength(term: string): number {
  return [...term].length;
}
