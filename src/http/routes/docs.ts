import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { RequestHandler } from 'express';
import { staticAsset } from './static-asset.ts';

/** The API reference page: Swagger UI from its package, and our own files in `docs/page/`. Public, like the contract. */
export const docsPaths = [
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
 * Allows only scripts and requests of this origin, no forms and no frames. Swagger UI's style sheet has images as
 * `data:` URLs.
 */
const pageHeaders = {
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

/** The handler of each of {@link docsPaths}. */
export function docsRoutes(): Record<(typeof docsPaths)[number], RequestHandler> {
  return {
    '/docs': staticAsset({
      contentType: 'text/html; charset=utf-8',
      load: pageFile('index.html'),
      headers: pageHeaders,
    }),
    '/docs/page.css': staticAsset({ contentType: style, load: pageFile('page.css') }),
    '/docs/page.js': staticAsset({ contentType: script, load: pageFile('page.js') }),
    '/docs/contract-for-reading.js': staticAsset({
      contentType: script,
      load: pageFile('contract-for-reading.js'),
    }),
    '/docs/name-controls.js': staticAsset({ contentType: script, load: pageFile('name-controls.js') }),
    '/docs/swagger-ui.css': staticAsset({
      contentType: style,
      load: packageFile(import.meta.resolve('swagger-ui-dist/swagger-ui.css')),
    }),
    '/docs/swagger-ui-bundle.js': staticAsset({
      contentType: script,
      load: packageFile(import.meta.resolve('swagger-ui-dist/swagger-ui-bundle.js')),
    }),
  };
}

function pageFile(name: string): () => Promise<Buffer> {
  return () => readFile(new URL(`../../../docs/page/${name}`, import.meta.url));
}

function packageFile(url: string): () => Promise<Buffer> {
  return () => readFile(fileURLToPath(url));
}
