import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { RequestHandler } from 'express';
import { fixedReply } from './fixed-reply.ts';

/**
 * The page and what it is made of: Swagger UI as its package has it, and what is ours in `docs/page/`. It is as open
 * as the contract that it shows.
 */
export const docsPagePaths = [
  '/docs',
  '/docs/page.css',
  '/docs/page.js',
  '/docs/contract-for-reading.js',
  '/docs/name-controls.js',
  '/docs/swagger-ui.css',
  '/docs/swagger-ui-bundle.js',
] as const;

const script = 'text/javascript; charset=utf-8';
const style = 'text/css; charset=utf-8';

/**
 * The page runs what this service serves as script and nothing else, asks nobody else for anything, sends no form, and
 * cannot be framed. `data:` is for the images within Swagger UI's own style sheet.
 */
const forPages = {
  'Content-Security-Policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Permissions-Policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
};

/** What answers each of {@link docsPagePaths}. */
export function docsPageAnswers(): Record<(typeof docsPagePaths)[number], RequestHandler> {
  return {
    '/docs': fixedReply({
      contentType: 'text/html; charset=utf-8',
      load: ours('index.html'),
      headers: forPages,
    }),
    '/docs/page.css': fixedReply({ contentType: style, load: ours('page.css') }),
    '/docs/page.js': fixedReply({ contentType: script, load: ours('page.js') }),
    '/docs/contract-for-reading.js': fixedReply({
      contentType: script,
      load: ours('contract-for-reading.js'),
    }),
    '/docs/name-controls.js': fixedReply({ contentType: script, load: ours('name-controls.js') }),
    '/docs/swagger-ui.css': fixedReply({
      contentType: style,
      load: theirs(import.meta.resolve('swagger-ui-dist/swagger-ui.css')),
    }),
    '/docs/swagger-ui-bundle.js': fixedReply({
      contentType: script,
      load: theirs(import.meta.resolve('swagger-ui-dist/swagger-ui-bundle.js')),
    }),
  };
}

function ours(name: string): () => Promise<Buffer> {
  return () => readFile(new URL(`../../docs/page/${name}`, import.meta.url));
}

function theirs(url: string): () => Promise<Buffer> {
  return () => readFile(fileURLToPath(url));
}
