import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { RequestHandler } from 'express';
import { isNotModified, parseTagCondition } from '../conditional.ts';
import { securityHeaders } from '../security-headers.ts';

export interface StaticAssetOptions {
  readonly contentType: string;
  /** Called once, by the first request. */
  readonly load: () => string | Promise<Buffer>;
  /** Added to the default headers, or replacing them. */
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * Serves content that does not change while the process runs, from memory, with ETag, `Repr-Digest` (RFC 9530) and
 * gzip.
 */
export function staticAsset({ contentType, load, headers = {} }: StaticAssetOptions): RequestHandler {
  let loading: Promise<Representations> | undefined;
  async function representations(): Promise<Representations> {
    loading ??= represent(Buffer.from(await load()));
    return loading;
  }
  return async (request, response) => {
    const { identity, gzipped } = await representations();
    const { bytes, headers: ownHeaders } = (request.acceptsEncodings('gzip') && gzipped) || identity;
    const allHeaders = {
      ...securityHeaders(request.socket),
      'Cache-Control': 'private, no-cache',
      ...headers,
      ...ownHeaders,
      'X-Request-Id': request.context.requestId,
    };
    const condition = parseTagCondition('If-None-Match', request.headers['if-none-match']);
    if (isNotModified(condition, ownHeaders.ETag ?? '')) {
      response.writeHead(304, allHeaders).end();
      return;
    }
    response
      .writeHead(200, { ...allHeaders, 'Content-Type': contentType, 'Content-Length': bytes.length })
      .end(bytes);
  };
}

interface Representation {
  readonly bytes: Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

interface Representations {
  readonly identity: Representation;
  readonly gzipped: Representation | undefined;
}

const compress = promisify(gzip);

/** Smaller content is not compressed. */
const compressedBytesMin = 1024;

async function represent(bytes: Buffer): Promise<Representations> {
  if (bytes.length < compressedBytesMin) return { identity: describe(bytes, {}), gzipped: undefined };
  const vary = { Vary: 'Accept-Encoding' };
  const gzipped = describe(await compress(bytes), { ...vary, 'Content-Encoding': 'gzip' });
  return { identity: describe(bytes, vary), gzipped };
}

/** Digest and tag cover the content coding (RFC 9530 section 3, RFC 9110 section 8.8.3.3). */
function describe(bytes: Buffer, headers: Readonly<Record<string, string>>): Representation {
  const digest = createHash('sha256').update(bytes).digest();
  const tags = {
    ETag: `"${digest.toString('base64url').slice(0, 22)}"`,
    'Repr-Digest': `sha-256=:${digest.toString('base64')}:`,
  };
  return { bytes, headers: { ...headers, ...tags } };
}
