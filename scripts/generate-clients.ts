/**
 * Makes clients in Python, Java and Go with Redocly's generator: `npm run generate:clients`. They go to
 * generated/clients/, which is not committed: the generator calls itself experimental, and docs/clients.md says what
 * its clients can do. `-- <folder>` puts them elsewhere.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Where each language's client goes; the name of the file is the generator's for `customers`. */
const languages = { python: 'python', java: 'java/customers', go: 'go' } as const;

/**
 * Left out: the generator (2.77.0) sends NDJSON as one JSON text in quotes, and reads a reply of lines as one JSON
 * document, in all three languages. A method that cannot work is worse than none.
 */
const streamedPaths = ['/customers/import', '/customers/export'];

const folder = resolve(process.argv[2] ?? join(root, 'generated/clients'));
const scratch = mkdtempSync(join(tmpdir(), 'customers-clients-'));
try {
  const contract = contractWithoutStreams(scratch);
  for (const [language, place] of Object.entries(languages))
    generate(language, contract, join(folder, place));
  writeFileSync(join(folder, 'go/go.mod'), 'module customers\n\ngo 1.19\n');
  process.stdout.write(`Clients in Python, Java and Go are in ${folder}\n`);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

function contractWithoutStreams(place: string): string {
  const document = JSON.parse(readFileSync(join(root, 'generated/openapi.json'), 'utf8')) as {
    paths: Record<string, unknown>;
  };
  for (const path of streamedPaths) delete document.paths[path];
  const file = join(place, 'openapi.json');
  writeFileSync(file, JSON.stringify(document));
  return file;
}

function generate(language: string, contract: string, place: string): void {
  mkdirSync(place, { recursive: true });
  const output = join(place, language === 'java' ? 'client.ts' : 'customers.ts');
  const flags = ['--generator', language, '--output', output];
  if (language === 'go') flags.push('--go-package', 'customers');
  const redocly = join(root, 'node_modules/@redocly/cli/bin/cli.js');
  execFileSync(process.execPath, [redocly, 'generate-client', contract, ...flags], {
    // Otherwise it asks a server for updates and sends usage data to another.
    env: { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
}
