import { readFileSync } from 'node:fs';

/**
 * Texts that mean something to whoever takes them for more than text: to SQL, document queries, headers, logs,
 * terminals, shells, paths, markup, LDAP, XPath, templates and regular expressions. Each of them once.
 */
export const injectionPayloads: readonly string[] = JSON.parse(
  readFileSync(new URL('./injection-payloads.json', import.meta.url), 'utf8'),
);
