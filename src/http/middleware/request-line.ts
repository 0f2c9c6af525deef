import type { IncomingMessage } from 'node:http';
import type { Request, RequestHandler } from 'express';
import { closeAfterResponse } from '../connections.ts';
import { HttpFailure } from '../problem.ts';

/** The server accepts a little more than both limits, so that the excess is answered with problem details. */
export const urlLengthMax = 8192;
export const headerCountMax = 100;

/**
 * Refuses ambiguous or oversized request lines and headers, most of which Node and Express would accept: several Host
 * headers or none, malformed targets, long URLs, URLs that are not UTF-8, too many headers.
 */
export const checkRequestLine: RequestHandler = function checkRequestLine(request, response, next) {
  checkSize(request);
  checkFraming(request);
  // Upgrades are not supported, and Node stops reading a connection after a request for one.
  if (request.headers.upgrade !== undefined) closeAfterResponse(response);
  const { expect } = request.headers;
  if (expect !== undefined && expect.toLowerCase() !== '100-continue') {
    throw new HttpFailure('expectation_failed', 'The only expectation that is met is 100-continue.');
  }
  const { url } = request;
  if (!url.startsWith('/')) normalizeTarget(request);
  if (url.includes('%') && !isDecodable(url)) {
    throw new HttpFailure('malformed_request', 'The URL must be percent-encoded UTF-8 without U+0000.');
  }
  next();
};

function checkSize({ url, rawHeaders }: Request): void {
  if (url.length > urlLengthMax) {
    const detail = `The URL has ${url.length} characters; at most ${urlLengthMax} are taken.`;
    throw new HttpFailure('uri_too_long', detail, closing);
  }
  if (rawHeaders.length / 2 > headerCountMax) {
    const detail = `The request has more than ${headerCountMax} headers.`;
    throw new HttpFailure('headers_too_large', detail, closing);
  }
}

function checkFraming(request: Request): void {
  const fault = requestTargetFault(request);
  if (fault) throw new HttpFailure('malformed_request', fault, closing);
  // Node keeps the first of several; a proxy may keep the last.
  if (countHeaders(request.rawHeaders, 'content-type') > 1) {
    const detail = 'The request must have at most one Content-Type header.';
    throw new HttpFailure('malformed_request', detail, closing);
  }
  const coding = request.headers['transfer-encoding'];
  if (coding !== undefined && coding.trim().toLowerCase() !== 'chunked') {
    throw new HttpFailure('malformed_request', 'The only transfer coding that is taken is chunked.', closing);
  }
}

/** After an ambiguous request the connection cannot be trusted: it may be an attempt at request smuggling. */
const closing = { headers: { Connection: 'close' } };

/** Counts the occurrences of a header, whose name is given in lower case. */
export function countHeaders(rawHeaders: readonly string[], name: string): number {
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

/** A name, an IPv4 address or an IPv6 address in brackets, with an optional port. */
const hostPattern = /^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::(\d{1,5}))?$/;
const portMax = 65_535;

const absolutePattern = /^https?:\/\/([^/?#]*)(.*)$/is;

/** What is wrong with the request's version, Host or target, as a sentence; undefined if nothing is. */
function requestTargetFault({ url = '', httpVersion, rawHeaders }: IncomingMessage): string | undefined {
  // Node accepts any two-digit version, and reads a line without a version as 0.9.
  if (httpVersion !== '1.1' && httpVersion !== '1.0') return 'Only HTTP/1.1 and HTTP/1.0 are spoken here.';
  const [host, ...more] = hostsIn(rawHeaders);
  if (more.length > 0 || (host === undefined && httpVersion === '1.1')) {
    return 'The request must have exactly one Host header.';
  }
  // RFC 9112 section 3.2: an invalid Host is 400.
  if (host !== undefined && !isHost(host)) return 'The Host header must be a host with or without a port.';
  if (url.includes('#')) return 'The target of the request must have no fragment.';
  if (url.startsWith('/')) return undefined;
  const authority = absolutePattern.exec(url)?.[1];
  if (authority === undefined) return 'The target of the request must be a path or an http URL.';
  // RFC 9112 section 3.2: both must be the same. A proxy may have gone by either.
  const agrees = host === undefined ? isHost(authority) : authority.toLowerCase() === host.toLowerCase();
  return agrees ? undefined : 'The target of the request must name the same host as the Host header.';
}

/** Rewrites a target in absolute form, whose host takes precedence over Host (RFC 9112 section 3.2.2). */
function normalizeTarget(request: Request): void {
  const { url } = request;
  request.originalUrl = request.url = originForm(url);
  request.headers.host = /^https?:\/\/([^/?#]*)/i.exec(url)?.[1] ?? request.headers.host;
}

/** The path and query of a target in absolute form. */
function originForm(url: string): string {
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
