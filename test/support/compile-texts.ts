import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

/**
 * Compiles texts as if they were files of the repository, with its settings.
 * @param texts by absolute path, from which their imports are resolved.
 * @returns the compiler's messages for each; none if it compiles.
 */
export function compileTexts(texts: ReadonlyMap<string, string>): ReadonlyMap<string, readonly string[]> {
  const options = repositoryOptions();
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile, getSourceFile } = host;
  host.fileExists = (path) => texts.has(path) || fileExists(path);
  host.readFile = (path) => texts.get(path) ?? readFile(path);
  host.getSourceFile = (path, version, ...rest) => {
    const text = texts.get(path);
    if (text !== undefined) return ts.createSourceFile(path, text, version);
    return getSourceFile(path, version, ...rest);
  };
  const program = ts.createProgram([...texts.keys()], options, host);
  return new Map([...texts.keys()].map((path) => [path, messagesOf(program, path)]));
}

function repositoryOptions(): ts.CompilerOptions {
  const file = fileURLToPath(new URL('../../tsconfig.json', import.meta.url));
  const { config } = ts.readConfigFile(file, ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, dirname(file));
  return { ...options, noUnusedLocals: false, noUnusedParameters: false };
}

function messagesOf(program: ts.Program, path: string): string[] {
  const source = program.getSourceFile(path);
  if (!source) throw new Error(`The compiler did not read ${path}.`);
  return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map(
    ({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'),
  );
}
