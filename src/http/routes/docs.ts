import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Request, RequestHandler } from 'express';
import { isNotModified, parseTagCondition, securityHeaders } from '../headers.ts';

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
  return () => readFile(new URL(`../../../docs/page/${name}`, import.meta.url));
}

function theirs(url: string): () => Promise<Buffer> {
  return () => readFile(fileURLToPath(url));
}

const compress = promisify(gzip);

/** Where compressing is not worth its header. */
const compressedBytesMin = 1024;

/** What is sent of something: as it is, or compressed. */
interface Representation {
  readonly bytes: Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

interface Representations {
  readonly plain: Representation;
  readonly compressed: Representation | undefined;
}

export interface FixedReplyOptions {
  readonly contentType: string;
  /** Called once, by the first request. */
  readonly load: () => string | Promise<Buffer>;
  /** Beside those of every reply, or in their place. */
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * Answers what cannot change while the process runs: kept in memory from the first request on, with its digest
 * (RFC 9530) and a tag by which whoever has it already is answered 304.
 */
export function fixedReply({ contentType, load, headers = {} }: FixedReplyOptions): RequestHandler {
  let loaded: Promise<Representations> | undefined;
  async function representations(): Promise<Representations> {
    loaded ??= represent(Buffer.from(await load()));
    return loaded;
  }
  return async (request, response) => {
    const { plain, compressed } = await representations();
    const { bytes, headers: own } = (request.acceptsEncodings('gzip') && compressed) || plain;
    const all = {
      ...securityHeaders(request.socket),
      'Cache-Control': 'private, no-cache',
      ...headers,
      ...own,
      'X-Request-Id': request.context.requestId,
    };
    if (isNotModified(conditionOf(request), own.ETag ?? '')) {
      response.writeHead(304, all).end();
      return;
    }
    response
      .writeHead(200, { ...all, 'Content-Type': contentType, 'Content-Length': bytes.length })
      .end(bytes);
  };
}

function conditionOf({ headers }: Request) {
  return parseTagCondition('If-None-Match', headers['if-none-match']);
}

async function represent(bytes: Buffer): Promise<Representations> {
  if (bytes.length < compressedBytesMin) return { plain: describe(bytes, {}), compressed: undefined };
  const varying = { Vary: 'Accept-Encoding' };
  const compressed = describe(await compress(bytes), { ...varying, 'Content-Encoding': 'gzip' });
  return { plain: describe(bytes, varying), compressed };
}

/** A content coding is part of what is digested and tagged (RFC 9530 section 3, RFC 9110 section 8.8.3.3). */
function describe(bytes: Buffer, headers: Readonly<Record<string, string>>): Representation {
  const digest = createHash('sha256').update(bytes).digest();
  const tags = {
    ETag: `"${digest.toString('base64url').slice(0, 22)}"`,
    'Repr-Digest': `sha-256=:${digest.toString('base64')}:`,
  };
  return { bytes, headers: { ...headers, ...tags } };
}
