/**
 * Generates what is derived from openapi.yaml: `generated/`, and the types of the TypeScript client. With `--check` it
 * writes nothing and fails if a file is out of date.
 */
import { readFile, writeFile } from 'node:fs/promises';
import openapiTypescript, { astToString, type OpenAPI3 } from 'openapi-typescript';
import ts from 'typescript';
import { parse } from 'yaml';

const root = new URL('../', import.meta.url);
const header = '// Generated from openapi.yaml by `npm run generate`. Do not edit.\n\n';

const files = await generatedFiles();
await (process.argv.includes('--check') ? check() : write());

async function generatedFiles(): Promise<Readonly<Record<string, string>>> {
  const document = parse(await readFile(new URL('openapi.yaml', root), 'utf8')) as OpenAPI3;
  // Rendered first: openapi-typescript may change the object it is given.
  const json = `${JSON.stringify(document, null, 2)}\n`;
  const syntax = await openapiTypescript(document, { silent: true, transform: extensibleEnum });
  const types = header + astToString(syntax);
  return {
    'generated/openapi.json': json,
    'generated/openapi.d.ts': types,
    // Not a .d.ts file: the compiler would leave it out of the package.
    'clients/typescript/src/openapi.ts': types,
  };
}

/** Types `x-extensible-enum` as its known values or any other string: editors complete the known ones. */
function extensibleEnum(schema: object): ts.TypeNode | undefined {
  if (!('x-extensible-enum' in schema)) return undefined;
  const { factory } = ts;
  const known = (schema['x-extensible-enum'] as string[]).map((value) =>
    factory.createLiteralTypeNode(factory.createStringLiteral(value)),
  );
  const anyString = factory.createIntersectionTypeNode([
    factory.createKeywordTypeNode(ts.SyntaxKind.StringKeyword),
    factory.createTypeLiteralNode([]),
  ]);
  return factory.createUnionTypeNode([...known, anyString]);
}

async function check(): Promise<void> {
  const stale: string[] = [];
  for (const [path, text] of Object.entries(files)) {
    const present = await readFile(new URL(path, root), 'utf8').catch(() => undefined);
    if (present !== text) stale.push(path);
  }
  if (stale.length === 0) return;
  process.stderr.write(`Out of date: ${stale.join(', ')}. Run: npm run generate\n`);
  process.exitCode = 1;
}

async function write(): Promise<void> {
  for (const [path, text] of Object.entries(files)) await writeFile(new URL(path, root), text);
}
