import type { Customer } from '../contract/types.ts';

/** Longest name key in code points: enough to order by, small enough for every index. */
const nameKeyLength = 100;

/** The form in which two email addresses are the same: NFC, lower case. */
export function emailKey(email: string): string {
  return email.normalize('NFC').toLowerCase();
}

/**
 * Case and accents folded: compatibility decomposition without its marks, lower case. The application does
 * it, not the database, so that both databases find and order the same customers.
 */
export function foldText(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .toLowerCase();
}

/** What `sort=name` orders by, bytewise. */
export function nameKey(name: string): string {
  return [...foldText(name)].slice(0, nameKeyLength).join('');
}

/** Terms of fewer code points have no index: an index of trigrams knows nothing of them. */
export const indexedLengthMin = 3;

/** Stands between the members of a search text. No folded text holds it, so that no term spans two members. */
const separator = '\n';

/** Marks of those scripts in which they are accents or left out at will; elsewhere they are vowels. */
const accents = /(?=[\p{Script=Inherited}\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Cyrillic}])\p{M}/gu;

/** What nobody sees: joiners, soft hyphens, variation selectors, and the stretching of Arabic letters. */
const invisible = /[\p{Default_Ignorable_Code_Point}\u0640]/gu;

const spaces = /[\s\p{Cc}]/gu;

/** Letters that are another one with a stroke, or two in one, though Unicode does not take them apart. */
const otherSpellings: Readonly<Record<string, string>> = {
  ...{ æ: 'ae', œ: 'oe', ø: 'o', ł: 'l', đ: 'd', ð: 'd', þ: 'th', ħ: 'h', ŧ: 't' },
  // At the end of a word it is the same sigma.
  ς: 'σ',
};
const respelt = new RegExp(`[${Object.keys(otherSpellings).join('')}]`, 'gu');

/**
 * The form in which a search term and a text are compared, code point by code point. It goes further than
 * `foldText`, which orders names: whoever searches types what the keyboard has. Folding a part of a text gives a
 * part of the folded text, or substrings would be missed.
 */
export function foldForSearch(text: string): string {
  return (
    text
      .normalize('NFKD')
      .replace(accents, '')
      .replace(invisible, '')
      .replace(spaces, ' ')
      // By way of upper case, in which sharp s is SS and dotless i is I.
      .toLowerCase()
      .toUpperCase()
      .toLowerCase()
      // Which lower case of capital sigma it is depends on what follows, so this comes last.
      .replace(respelt, (letter) => otherSpellings[letter] ?? letter)
  );
}

/** The members that a search looks through. */
export type SearchedMembers = Pick<Customer, 'name' | 'email' | 'phone' | 'externalId'>;

/** All that a search looks through in a customer, as one text. */
export function searchText(customer: SearchedMembers): string {
  return searchTexts(customer).join(separator);
}

/** The folded members that a search looks through. */
export function searchTexts({ name, email, phone, externalId }: SearchedMembers): string[] {
  return [name, email, phone, externalId].filter((member) => member !== null).map(foldForSearch);
}

/** How long a folded term is, in the code points that trigrams are made of. */
export function termLength(term: string): number {
  return [...term].length;
}
