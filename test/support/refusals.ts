import assert from 'node:assert/strict';
import { contentsOf } from './folder-contents.ts';
import { runCommand } from './process.ts';

interface Refusal {
  readonly environment: Readonly<Record<string, string>>;
  readonly message: RegExp;
  readonly code?: number;
  readonly command?: 'serve' | 'migrate';
  readonly nodeArguments?: readonly string[];
}

/** Asserts that a command is refused in one line and leaves the folder unchanged. */
export async function refuses(folder: string, { environment, message, command = 'serve', ...rest }: Refusal) {
  const { code: expectedCode = 1, ...options } = rest;
  const before = contentsOf(folder);
  const { code, stdout, stderr } = await runCommand([command], {
    ...options,
    cwd: folder,
    env: { HOST: '127.0.0.1', PORT: '0', TMPDIR: folder, ...environment },
  });
  assert.match(stderr, message);
  assert.deepEqual({ code, stdout }, { code: expectedCode, stdout: '' });
  if (expectedCode === 1) assert.match(stderr, /^customers: [^\n]+\n$/, 'expected one line');
  assert.doesNotMatch(stderr, /\n\s+at /, 'no stack');
  assert.deepEqual(contentsOf(folder), before);
}

/** Matches a text that contains all of these. */
export function mentions(...texts: string[]): RegExp {
  return new RegExp(texts.map((text) => `(?=.*${text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')})`).join(''));
}
