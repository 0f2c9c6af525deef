/**
 * Makes generated/ from openapi.yaml: the document as JSON, which the service loads, its types, and the client.
 * With --check it writes nothing and fails if a file is not what it would write.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import openapiTypescript, { astToString, type OpenAPI3 } from 'openapi-typescript';
import { parse } from 'yaml';
import { clientFiles } from './client/client-files.ts';
import type { ContractDocument } from './client/contract.ts';

const root = new URL('../', import.meta.url);
const header = '// Generated from openapi.yaml by `npm run generate`. Never edited.\n\n';

const document = parse(await readFile(new URL('openapi.yaml', root), 'utf8')) as OpenAPI3;
// Rendered first: openapi-typescript is free to change the object it is given.
const json = `${JSON.stringify(document, null, 2)}\n`;
const types = header + astToString(await openapiTypescript(document, { silent: true }));
const client = await clientFiles(JSON.parse(json) as ContractDocument);
const files: Readonly<Record<string, string>> = {
  'generated/openapi.json': json,
  'generated/openapi.d.ts': types,
  ...Object.fromEntries(Object.entries(client).map(([path, text]) => [`generated/client/${path}`, text])),
};

if (process.argv.includes('--check')) {
  await check();
} else {
  await write();
}

async function check(): Promise<void> {
  const stale: string[] = [];
  for (const [path, text] of Object.entries(files)) {
    const present = await readFile(new URL(path, root), 'utf8').catch(() => undefined);
    if (present !== text) stale.push(path);
  }
  if (stale.length === 0) return;
  process.stderr.write(`Not made from this openapi.yaml: ${stale.join(', ')}. Run: npm run generate\n`);
  process.exitCode = 1;
}

async function write(): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(new URL('./', new URL(path, root)), { recursive: true });
    await writeFile(new URL(path, root), text);
  }
}
