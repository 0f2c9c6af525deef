/**
 * Makes generated/ from openapi.yaml: the document as JSON, which the service loads, its types, and the client;
 * docs/reference.md; then,
 * from what the service makes of the document, the gateways' configuration in deploy/gateway/; and the dashboard in
 * deploy/grafana/.
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
const isCheck = process.argv.includes('--check');

await make({ 'generated/openapi.json': json, 'generated/openapi.d.ts': types });
await make(await client());
await make(await deploymentFiles());

async function make(files: Readonly<Record<string, string>>): Promise<void> {
  await (isCheck ? check(files) : write(files));
}

async function client(): Promise<Readonly<Record<string, string>>> {
  const made = await clientFiles(JSON.parse(json) as ContractDocument);
  return Object.fromEntries(Object.entries(made).map(([path, text]) => [`generated/client/${path}`, text]));
}

/** Loaded only now: it reads what has just been made. */
async function deploymentFiles(): Promise<Readonly<Record<string, string>>> {
  const { nginxConfiguration } = await import('./gateway/nginx.ts');
  const { caddyConfiguration } = await import('./gateway/caddy.ts');
  const { grafanaDashboard } = await import('./grafana/dashboard.ts');
  return {
    'deploy/grafana/dashboards/customers.json': grafanaDashboard(),
    'deploy/gateway/nginx.conf': nginxConfiguration(),
    'deploy/gateway/Caddyfile': caddyConfiguration(),
  };
}

async function check(files: Readonly<Record<string, string>>): Promise<void> {
  const stale: string[] = [];
  for (const [path, text] of Object.entries(files)) {
    const present = await readFile(new URL(path, root), 'utf8').catch(() => undefined);
    if (present !== text) stale.push(path);
  }
  if (stale.length === 0) return;
  process.stderr.write(`Not made from this openapi.yaml: ${stale.join(', ')}. Run: npm run generate\n`);
  process.exitCode = 1;
}

async function write(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(new URL('./', new URL(path, root)), { recursive: true });
    await writeFile(new URL(path, root), text);
  }
}
