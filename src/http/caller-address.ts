import { isIP } from 'node:net';
import type { Express, Request } from 'express';
import type { TrustedProxies } from '../config/parsers.ts';

/** Lets Express take the caller's address from X-Forwarded-For, as far as the proxies are ours. */
export function trustProxies(app: Express, proxies: TrustedProxies): void {
  app.set('trust proxy', typeof proxies === 'number' ? proxies : [...proxies]);
}

/** Where a request comes from. What a proxy passes on and is no address is not believed. */
function callerAddress(request: Request): string {
  const { ip = '', socket } = request;
  return plainAddress(isIP(ip) ? ip : (socket.remoteAddress ?? ''));
}

/** The name by which a caller's requests are counted: who has one IPv6 address has its whole /64. */
export function callerName(request: Request): string {
  const address = callerAddress(request);
  return isIP(address) === 6 ? `${firstGroups(address, 4)}/64` : address;
}

/** Where a request comes from, for the log: a network, which is no person. */
export function callerNetwork(request: Request): string {
  const address = callerAddress(request);
  if (isIP(address) === 6) return `${firstGroups(address, 3)}/48`;
  return `${address.replace(/\.\d+$/, '.0')}/24`;
}

/** An IPv4 address on a socket that takes both kinds is written as IPv6. */
function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '');
}

/** The first 16-bit groups of an IPv6 address, written out. */
function firstGroups(address: string, count: number): string {
  const [head = '', tail] = address.replace(/%.*$/, '').toLowerCase().split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail ? tail.split(':') : [];
  const zeros = Array<string>(tail === undefined ? 0 : Math.max(0, 8 - before.length - after.length)).fill(
    '0',
  );
  const groups = [...before, ...zeros, ...after].slice(0, count);
  return `${groups.map((group) => group.replace(/^0+(?=.)/, '')).join(':')}::`;
}
