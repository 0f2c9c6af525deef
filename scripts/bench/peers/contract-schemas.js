/** The contract's schemas as one would copy them into a Fastify service by hand: without references. */
import { readFileSync } from 'node:fs';

const { components } = JSON.parse(readFileSync(new URL('../../../generated/openapi.json', import.meta.url)));

/** A schema of the contract with its references put in, and without what only people read. */
export function schemaNamed(name) {
  return resolve(components.schemas[name]);
}

function resolve(schema) {
  if (Array.isArray(schema)) return schema.map(resolve);
  if (typeof schema !== 'object' || schema === null) return schema;
  if (schema.$ref) return schemaNamed(schema.$ref.split('/').at(-1));
  const members = Object.entries(schema).filter(
    ([key]) =>
      key === 'properties' || !(/^x-/.test(key) || ['example', 'description', 'format'].includes(key)),
  );
  return Object.fromEntries(members.map(([key, value]) => [key, resolve(value)]));
}
