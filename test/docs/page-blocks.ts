import { readdirSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

export const repository = fileURLToPath(new URL('../..', import.meta.url));

/** A fenced block of a page, with the comments directly before it. */
export interface Block {
  readonly language: string;
  readonly text: string;
  /** Line of the fence, from 1. */
  readonly line: number;
  /** The comments, such as `not run: needs a container engine`. */
  readonly marks: readonly string[];
}

/** A block with the output block that follows it, if any. */
export interface Example extends Block {
  readonly printed: Block | undefined;
}

/** Languages of blocks that show the output of the previous block. */
const outputLanguages = ['', 'text', 'http', 'json', 'csv'];

/** Every page of the repository, except in folders of tools. */
export function allPages(): string[] {
  const tools = ['node_modules', 'dist', 'data', 'coverage', 'artefacts'];
  const folders = readdirSync(repository, { withFileTypes: true }).filter(
    ({ name }) => !name.startsWith('.') && !tools.includes(name),
  );
  return folders
    .flatMap((entry) => {
      if (!entry.isDirectory()) return [entry.name];
      const names = readdirSync(join(repository, entry.name), { recursive: true, encoding: 'utf8' });
      return names.map((name) => `${entry.name}/${name.split(sep).join('/')}`);
    })
    .filter((name) => name.endsWith('.md') && !name.includes('node_modules'))
    .sort();
}

export function readPage(path: string): string {
  return readFileSync(join(repository, path), 'utf8');
}

/** The fenced blocks of a page, in order, including those in lists. */
export function blocksOf(page: string): Block[] {
  const blocks: Block[] = [];
  let marks: string[] = [];
  let open: { language: string; indent: string; line: number; lines: string[] } | undefined;
  for (const [index, line] of page.split('\n').entries()) {
    const [, indent = '', fence, language = ''] = /^( *)(```+)(.*)$/.exec(line) ?? [];
    if (open && fence && language === '') {
      blocks.push({ language: open.language, text: open.lines.join('\n'), line: open.line, marks });
      open = undefined;
      marks = [];
    } else if (open) open.lines.push(line.slice(open.indent.length));
    else if (fence) open = { language: language.trim(), indent, line: index + 1, lines: [] };
    else if (line.trim() !== '') {
      const [, mark] = /^ *<!-- (.*) -->$/.exec(line) ?? [];
      marks = mark === undefined ? [] : [...marks, mark];
    }
  }
  if (open) throw new Error(`The block of line ${open.line} has no end.`);
  return blocks;
}

/** The blocks of a page, each with the output after it; other text may come in between. */
export function examplesOf(page: string): Example[] {
  const blocks = blocksOf(page);
  return blocks.flatMap((block, index) => {
    const before = blocks[index - 1];
    const isOutput = outputLanguages.includes(block.language) && block.marks.length === 0;
    if (isOutput && before && !outputLanguages.includes(before.language)) return [];
    const next = blocks[index + 1];
    const isPrinted = next && outputLanguages.includes(next.language) && next.marks.length === 0;
    return [{ ...block, printed: isPrinted ? next : undefined }];
  });
}

/** A page without its code blocks. */
export function proseOf(page: string): string {
  return page.replace(/^( *)```+[^`\n]*\n[\s\S]*?\n\1```+$/gm, '');
}
