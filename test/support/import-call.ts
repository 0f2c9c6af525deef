import assert from 'node:assert/strict';
import type { ImportResult } from '../../src/contract/types.ts';
import type { TestService } from './service.ts';

export const ndjson = { 'Content-Type': 'application/x-ndjson' };
export const csv = { 'Content-Type': 'text/csv' };

/** Imports a text and returns the result of each line. */
export async function importText(
  service: TestService,
  body: string | Uint8Array,
  headers: Readonly<Record<string, string>> = ndjson,
  query = {},
): Promise<ImportResult[]> {
  const reply = await service.call('POST', '/customers/import', { body, headers, query });
  assert.equal(reply.status, 200, reply.text);
  return reply.text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as ImportResult]));
}
