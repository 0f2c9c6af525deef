/** Finds rejected words in what a person reads: comments, messages, test titles, Markdown, the contract's descriptions. */
import ts from 'typescript';
import { isScalar, parseDocument, visit } from 'yaml';
import type { RejectedWord } from './words.ts';

export interface Finding {
  readonly line: number;
  readonly word: string;
  readonly instead: string;
}

type Range = readonly [start: number, end: number];

/** Takes the place of what is not prose: no pattern matches across it. */
const notProse = '\0';
const messageWordsMin = 4;
const testFunction = /(?:^|\.)(?:test|suite|describe|describeEngines)(?:\.\w+)?$/;
const sqlKeyword = /\b(?:SELECT|INSERT|UPDATE|DELETE|CREATE|ALTER|DROP|FROM|WHERE|JOIN|VALUES|PRAGMA)\b/;

/** The findings of one file. `path` is relative to the repository and decides how the file is read. */
export function lintProse(path: string, text: string, rejectedWords: readonly RejectedWord[]): Finding[] {
  const prose = proseOf(path, text);
  return rejectedWords
    .flatMap(({ pattern, instead }) =>
      [...prose.matchAll(spanningLines(pattern))].map(({ 0: word, index }) => ({
        line: prose.slice(0, index).split('\n').length,
        word: word.replace(/\s+/g, ' '),
        instead,
      })),
    )
    .sort((one, other) => one.line - other.line);
}

function spanningLines({ source }: RegExp): RegExp {
  return new RegExp(source.replaceAll(' ', '\\s+'), 'gi');
}

/** The text with everything but prose masked, of the same length and with the same lines. */
function proseOf(path: string, text: string): string {
  if (path.endsWith('.md')) return withoutCode(withoutBlocks(text));
  if (path.endsWith('.ts'))
    return withoutCode(withoutCommentMarks(keep(text, proseOfTypeScript(path, text))));
  return withoutCode(keep(text, descriptions(text)));
}

function keep(text: string, ranges: readonly Range[]): string {
  let kept = '';
  for (const [start, end] of [...ranges].sort(([one], [other]) => one - other)) {
    kept += mask(text.slice(kept.length, start)) + text.slice(Math.max(start, kept.length), end);
  }
  return kept + mask(text.slice(kept.length));
}

function mask(text: string): string {
  return text.replace(/\S/g, notProse);
}

/** Masks what is not a sentence in Markdown: code blocks, HTML comments, link targets. */
function withoutBlocks(markdown: string): string {
  return markdown
    .replace(/^( *)(`{3,}|~{3,})[\s\S]*?^ *\2 *$/gm, mask)
    .replace(/<!--[\s\S]*?-->/g, mask)
    .replace(/\]\([^)\s]*\)/g, mask);
}

/** Masks inline code and file paths. */
function withoutCode(text: string): string {
  return text.replace(/(`+)(?:(?!\n\s*\n)[^`])+\1/g, mask).replace(/[\w.-]*(?:\/[\w.-]+)+\.\w+/g, mask);
}

/** Blanks `//` and `*` at the start of a line, so that a pattern matches across the lines of a comment. */
function withoutCommentMarks(text: string): string {
  return text.replace(/^\s*(?:\/\/|\/?\*)/gm, (marks) => marks.replace(/\S/g, ' '));
}

/** The comments of a TypeScript file, its test titles and, in `src`, its messages. */
function proseOfTypeScript(path: string, text: string): Range[] {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const ranges: Range[] = [];
  const read = (node: ts.Node): void => {
    if (ts.isJSDoc(node)) return;
    if (isTestTitle(node) || (path.startsWith('src/') && isMessage(node))) ranges.push(...literalParts(node));
    const children = node.getChildren(file);
    // Only white space and comments come between two tokens.
    if (children.length === 0) ranges.push([node.getFullStart(), node.getStart(file)]);
    for (const child of children) read(child);
  };
  read(file);
  return ranges;
}

function isTestTitle(node: ts.Node): boolean {
  const call = node.parent;
  if (!call || !ts.isCallExpression(call) || call.arguments[0] !== node) return false;
  return testFunction.test(call.expression.getText());
}

function isMessage(node: ts.Node): boolean {
  if (!ts.isStringLiteralLike(node) && !ts.isTemplateExpression(node)) return false;
  const words = node.getText().match(/[A-Za-z]{2,}/g) ?? [];
  return words.length >= messageWordsMin && !sqlKeyword.test(node.getText());
}

/** A literal without its quotes and without the expressions in it. */
function literalParts(node: ts.Node): Range[] {
  const parts = ts.isTemplateExpression(node)
    ? [node.head, ...node.templateSpans.map(({ literal }) => literal)]
    : [node];
  const texts = parts.filter((part) => ts.isStringLiteralLike(part) || ts.isTemplateLiteralToken(part));
  return texts.map((part) => [part.getStart() + 1, part.getEnd() - 1]);
}

/** Each `description` and `summary` of the contract. */
function descriptions(yaml: string): Range[] {
  const ranges: Range[] = [];
  visit(parseDocument(yaml), {
    Pair(_, { key, value }) {
      const describes = isScalar(key) && (key.value === 'description' || key.value === 'summary');
      if (describes && isScalar(value) && value.range) ranges.push([value.range[0], value.range[1]]);
    },
  });
  return ranges;
}
