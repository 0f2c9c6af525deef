import type { IncomingMessage } from 'node:http';

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
