import { readdir, readFile } from 'node:fs/promises';
import { emitClient } from './client-class.ts';
import type { ContractDocument } from './contract.ts';
import { contractOperations } from './contract-operations.ts';
import { emitOptions } from './operation-options.ts';
import { emitOperationTable } from './operation-table.ts';
import { emitTypes } from './schema-types.ts';

const here = new URL('./', import.meta.url);
const root = new URL('../../', import.meta.url);

/** Where the files of the runtime find the generated ones, as long as they are here. */
const generatedSource = '../../../generated/client/src/';

/** All files of the TypeScript client, by their paths: what the contract says, and a runtime written by hand. */
export async function clientFiles(document: ContractDocument): Promise<Record<string, string>> {
  const operations = contractOperations(document);
  const sources: Record<string, string> = {
    'types.ts': emitTypes(document),
    'operations.ts': emitOperationTable(document, operations),
    'options.ts': emitOptions(document, operations),
    'client.ts': emitClient(document, operations),
    'index.ts': index,
  };
  const files = Object.entries(sources).map(([name, text]) => [name, `${contractHeader}${text}`]);
  for (const name of (await readdir(new URL('runtime/', here))).sort()) {
    const text = await readFile(new URL(`runtime/${name}`, here), 'utf8');
    files.push([name, `${runtimeHeader(name)}${text.replaceAll(generatedSource, './')}`]);
  }
  const { version } = document.info;
  return {
    'package.json': `${JSON.stringify({ ...manifest, version }, null, 2)}\n`,
    'tsconfig.json': `${JSON.stringify(compilation, null, 2)}\n`,
    'README.md': await readFile(new URL('package-readme.md', here), 'utf8'),
    LICENSE: await readFile(new URL('LICENSE', root), 'utf8'),
    ...Object.fromEntries(files.map(([name, text]) => [`src/${name}`, text])),
  };
}

const contractHeader = '// Generated from openapi.yaml by `npm run generate`. Never edited.\n\n';
const runtimeHeader = (name: string) =>
  `// Copied from scripts/client/runtime/${name} by \`npm run generate\`. Never edited here.\n\n`;

const index = `export type { Call } from './call.ts';
export { CustomersClient } from './client.ts';
export type { CallOptions, InHand } from './operation.ts';
export type * from './options.ts';
export type { Pages } from './pages.ts';
export { CustomersConnectionError, CustomersProblem } from './problem.ts';
export type { Answer, Reply } from './reply.ts';
export type { Stream } from './stream.ts';
export type { ClientOptions } from './transport.ts';
export type * from './types.ts';
`;

/** Its version is the contract's. */
const manifest = {
  name: 'customers-client',
  version: '',
  description: 'TypeScript client of the Customers service, generated from its contract.',
  license: 'MIT',
  type: 'module',
  sideEffects: false,
  exports: { '.': { types: './dist/index.d.ts', default: './dist/index.js' } },
  files: ['dist', 'src'],
  engines: { node: '>=20.19' },
  scripts: { build: 'tsc -p tsconfig.json', prepack: 'npm run -s build' },
  devDependencies: { typescript: '5.9.3' },
};

/** It knows what browsers have and nothing of Node's own. */
const compilation = {
  compilerOptions: {
    target: 'es2022',
    lib: ['es2022', 'dom', 'dom.iterable'],
    module: 'nodenext',
    types: [],
    strict: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
    noImplicitOverride: true,
    noUnusedLocals: true,
    noUnusedParameters: true,
    verbatimModuleSyntax: true,
    erasableSyntaxOnly: true,
    rewriteRelativeImportExtensions: true,
    isolatedModules: true,
    declaration: true,
    declarationMap: true,
    sourceMap: true,
    rootDir: 'src',
    outDir: 'dist',
  },
  include: ['src'],
};
