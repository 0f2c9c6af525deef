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
