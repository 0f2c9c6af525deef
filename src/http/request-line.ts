import type { RequestHandler } from 'express';
import { Failure } from '../domain/failures.ts';
import { closeAfter } from './last-reply.ts';
import { originForm, requestTargetFault } from './request-target.ts';

/** Limits on what stands before the body. The server itself allows somewhat more, so that we can answer. */
export const urlLengthMax = 8192;
export const headerCountMax = 100;

/**
 * Refuses what no operation can make sense of: a doubtful target, two Host headers or none, a URL too long or not
 * UTF-8, too many headers. Node and Express would take most of it silently.
 */
export const checkRequestLine: RequestHandler = function checkRequestLine(request, response, next) {
  const { url, rawHeaders } = request;
  if (url.length > urlLengthMax) {
    throw new Failure(
      'uri_too_long',
      `The URL has ${url.length} characters; at most ${urlLengthMax} are taken.`,
      closing,
    );
  }
  if (rawHeaders.length / 2 > headerCountMax) {
    throw new Failure('headers_too_large', `The request has more than ${headerCountMax} headers.`, closing);
  }
  const fault = requestTargetFault(request);
  if (fault) throw new Failure('malformed_request', fault, closing);
  // Node keeps the first; whoever stands before us may keep the last.
  if (countHeaders(rawHeaders, 'content-type') > 1) {
    throw new Failure('malformed_request', 'The request must have at most one Content-Type header.', closing);
  }
  const coding = request.headers['transfer-encoding'];
  if (coding !== undefined && coding.trim().toLowerCase() !== 'chunked') {
    throw new Failure('malformed_request', 'The only transfer coding that is taken is chunked.', closing);
  }
  // No upgrade is offered, and after a request for one Node reads nothing more from its connection.
  if (request.headers.upgrade !== undefined) closeAfter(response);
  if (request.headers.expect !== undefined && request.headers.expect.toLowerCase() !== '100-continue') {
    throw new Failure('expectation_failed', 'The only expectation that is met is 100-continue.');
  }
  // The rest knows the origin form only.
  if (!url.startsWith('/')) {
    request.originalUrl = request.url = originForm(url);
    // Its own host goes before that of the header (RFC 9112 section 3.2.2).
    request.headers.host = /^https?:\/\/([^/?#]*)/i.exec(url)?.[1] ?? request.headers.host;
  }
  if (url.includes('%') && !isDecodable(url)) {
    throw new Failure('malformed_request', 'The URL must be percent-encoded UTF-8 without U+0000.');
  }
  next();
};

/** Such a request may have been meant for another reader of the same connection. */
const closing = { headers: { Connection: 'close' } };

function countHeaders(rawHeaders: readonly string[], name: string): number {
  let count = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const header = rawHeaders[index];
    if (header?.length === name.length && header.toLowerCase() === name) count += 1;
  }
  return count;
}

function isDecodable(url: string): boolean {
  try {
    return !decodeURIComponent(url).includes('\0');
  } catch {
    return false;
  }
}
