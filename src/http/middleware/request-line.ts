import type { IncomingMessage } from 'node:http';
import type { RequestHandler } from 'express';
import { Failure } from '../../domain/failures.ts';
import { closeAfter } from '../shutdown.ts';

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

/** A name, an IPv4 address or an IPv6 address in brackets, and a port: what can be asked of this service. */
const hostPattern = /^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::(\d{1,5}))?$/;
const portMax = 65_535;

const absolutePattern = /^https?:\/\/([^/?#]*)(.*)$/is;

/**
 * What makes a request's target or version doubtful, in words; undefined when nothing does. Readers on the way
 * could take such a request for another one, and its connection must not be used any further.
 */
export function requestTargetFault({
  url = '',
  httpVersion,
  rawHeaders,
}: IncomingMessage): string | undefined {
  // Node takes any version that has two digits, and a line without one for 0.9.
  if (httpVersion !== '1.1' && httpVersion !== '1.0') return 'Only HTTP/1.1 and HTTP/1.0 are spoken here.';
  const [host, ...more] = hostsIn(rawHeaders);
  if (more.length > 0 || (host === undefined && httpVersion === '1.1')) {
    return 'The request must have exactly one Host header.';
  }
  // RFC 9112 section 3.2: a Host that is no host is 400.
  if (host !== undefined && !isHost(host)) return 'The Host header must be a host with or without a port.';
  // A fragment is for whoever follows a link, and never sent.
  if (url.includes('#')) return 'The target of the request must have no fragment.';
  if (url.startsWith('/')) return undefined;
  const authority = absolutePattern.exec(url)?.[1];
  if (authority === undefined) return 'The target of the request must be a path or an http URL.';
  // A client must send the same in both (section 3.2); which of the two others went by nobody knows.
  const agrees = host === undefined ? isHost(authority) : authority.toLowerCase() === host.toLowerCase();
  return agrees ? undefined : 'The target of the request must name the same host as the Host header.';
}

/** The path and query of a target in absolute form, which a server must accept too (RFC 9112 section 3.2.2). */
export function originForm(url: string): string {
  const path = absolutePattern.exec(url)?.[2] ?? url;
  return path.startsWith('/') ? path : `/${path}`;
}

function hostsIn(rawHeaders: readonly string[]): string[] {
  return rawHeaders.filter((_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === 'host');
}

function isHost(text: string): boolean {
  const match = hostPattern.exec(text);
  return match !== null && Number(match[1] ?? 0) <= portMax;
}
