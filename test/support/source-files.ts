import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join, posix, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const repository = fileURLToPath(new URL('../..', import.meta.url));

export interface SourceFile {
  /** Relative to the repository's root, with `/` on every system. */
  readonly path: string;
  readonly syntax: ts.SourceFile;
  readonly lines: number;
}

export function sourceFiles(folder: string): SourceFile[] {
  return readdirSync(join(repository, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.[cm]?[jt]sx?$/.test(name) && !name.split(sep).includes('node_modules'))
    .map((name) => {
      const text = readFileSync(join(repository, folder, name), 'utf8');
      const path = `${folder}/${name.split(sep).join('/')}`;
      const syntax = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
      return { path, syntax, lines: text.trimEnd().split('\n').length };
    });
}

const nodesByFile = new WeakMap<ts.SourceFile, readonly ts.Node[]>();

export function nodesOf({ syntax }: SourceFile): readonly ts.Node[] {
  const known = nodesByFile.get(syntax);
  if (known) return known;
  const nodes: ts.Node[] = [];
  const visit = (node: ts.Node): void => {
    nodes.push(node);
    ts.forEachChild(node, visit);
  };
  visit(syntax);
  nodesByFile.set(syntax, nodes);
  return nodes;
}

/** Every module that a file names: `import`, `export from`, `import()`, types such as `import('x').Y`. */
export function imports(file: SourceFile): string[] {
  return nodesOf(file).flatMap((node) => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return literals(node.moduleSpecifier);
    if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument))
      return literals(node.argument.literal);
    if (ts.isExternalModuleReference(node)) return literals(node.expression);
    const loads = ts.isCallExpression(node) && /^(import|require.*)$/.test(node.expression.getText());
    return loads ? node.arguments.slice(0, 1).flatMap(literals) : [];
  });
}

export function literals(node: ts.Node | undefined): string[] {
  return node && ts.isStringLiteralLike(node) ? [node.text] : [];
}

export function localImports(file: SourceFile): string[] {
  return imports(file)
    .filter((name) => name.startsWith('.'))
    .map((name) => posix.join(posix.dirname(file.path), name));
}

/** The packages that a file imports, without paths inside them. */
export function externalImports(file: SourceFile): string[] {
  return imports(file)
    .filter((name) => !name.startsWith('.') && !isBuiltin(name))
    .map((name) =>
      name
        .split('/')
        .slice(0, name.startsWith('@') ? 2 : 1)
        .join('/'),
    );
}

export function isBuiltin(name: string): boolean {
  return name.startsWith('node:') || builtinModules.includes(name);
}
