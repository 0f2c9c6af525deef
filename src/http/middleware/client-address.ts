import { isIP } from 'node:net';
import type { Express, Request } from 'express';
import type { TrustedProxies } from '../../config/parsers.ts';

/** Makes Express take the client's address from X-Forwarded-For if the request comes through a trusted proxy. */
export function trustProxies(app: Express, proxies: TrustedProxies): void {
  app.set('trust proxy', typeof proxies === 'number' ? proxies : [...proxies]);
}

/** The key for rate limiting by address: an IPv4 address, or the /64 network of an IPv6 address. */
export function clientKey(request: Request): string {
  const address = clientAddress(request);
  return isIP(address) === 6 ? `${ipv6Prefix(address, 4)}/64` : address;
}

/** The client's network (/24 or /48), for the log: an address would be personal data. */
export function clientNetwork(request: Request): string {
  const address = clientAddress(request);
  if (isIP(address) === 6) return `${ipv6Prefix(address, 3)}/48`;
  return `${address.replace(/\.\d+$/, '.0')}/24`;
}

/** The forwarded address if it is one, else the socket's. */
function clientAddress(request: Request): string {
  const { ip = '', socket } = request;
  return unmapIpv4(isIP(ip) ? ip : (socket.remoteAddress ?? ''));
}

/** Converts an IPv4-mapped IPv6 address, as dual-stack sockets report it, to IPv4. */
function unmapIpv4(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '');
}

/** The first 16-bit groups of an IPv6 address, such as `2001:db8:0::` for three. */
function ipv6Prefix(address: string, groupCount: number): string {
  const [head = '', tail] = address.replace(/%.*$/, '').toLowerCase().split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail ? tail.split(':') : [];
  const zeroCount = tail === undefined ? 0 : Math.max(0, 8 - before.length - after.length);
  const zeros = Array<string>(zeroCount).fill('0');
  const groups = [...before, ...zeros, ...after].slice(0, groupCount);
  return `${groups.map((group) => group.replace(/^0+(?=.)/, '')).join(':')}::`;
}
