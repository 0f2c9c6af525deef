import { readFileSync } from 'node:fs';

/**
 * Unique texts with a special meaning in SQL, document queries, headers, logs, terminals, shells, paths,
 * markup, LDAP, XPath, templates or regular expressions.
 */
export const injectionPayloads: readonly string[] = JSON.parse(
  readFileSync(new URL('./injection-payloads.json', import.meta.url), 'utf8'),
);
