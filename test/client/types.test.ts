/**
 * The client's types are those of the contract as another generator reads it, openapi-typescript, which the service is
 * compiled with. Planted: a required member made optional, null forgotten, an integer taken for a text.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { compileTexts } from '../support/compile-texts.ts';

const generated = new URL('../../generated/', import.meta.url);
const { components } = JSON.parse(readFileSync(new URL('openapi.json', generated), 'utf8')) as {
  components: { schemas: Record<string, unknown> };
};

suite('client: types', () => {
  test('each schema has the same type from both generators', (context) => {
    const names = Object.keys(components.schemas);
    const text = `import type { components } from './openapi.d.ts';
import type * as client from './client/src/types.ts';

type Schemas = components['schemas'];
type Same<One, Other> = [One] extends [Other] ? ([Other] extends [One] ? true : false) : false;
${names.map((name) => `export const same${name}: Same<Schemas['${name}'], client.${name}> = true;`).join('\n')}
`;
    const file = fileURLToPath(new URL('same-types.ts', generated));
    assert.deepEqual(compileTexts(new Map([[file, text]])).get(file), []);
    context.diagnostic(`${names.length} schemas`);
  });
});
