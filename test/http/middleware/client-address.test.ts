import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { clientKey, clientNetwork } from '../../../src/http/middleware/client-address.ts';

/** Express's address, the socket's address, the name for rate limits and the network for the log. */
const cases: readonly (readonly [ip: string, socket: string, name: string, network: string])[] = [
  ['203.0.113.77', '10.0.0.1', '203.0.113.77', '203.0.113.0/24'],
  ['::ffff:203.0.113.77', '10.0.0.1', '203.0.113.77', '203.0.113.0/24'],
  ['2001:db8:1:2:3:4:5:6', '::1', '2001:db8:1:2::/64', '2001:db8:1::/48'],
  ['2001:0DB8:0001:0002::', '::1', '2001:db8:1:2::/64', '2001:db8:1::/48'],
  ['2001:db8::6', '::1', '2001:db8:0:0::/64', '2001:db8:0::/48'],
  ['fe80::1%eth0', '::1', 'fe80:0:0:0::/64', 'fe80:0:0::/48'],
  ['::1', '::1', '0:0:0:0::/64', '0:0:0::/48'],
  ['unknown', '10.0.0.1', '10.0.0.1', '10.0.0.0/24'],
  ['<script>', '10.0.0.1', '10.0.0.1', '10.0.0.0/24'],
  ['', '10.0.0.1', '10.0.0.1', '10.0.0.0/24'],
];

suite('client address', () => {
  test('is counted by IPv4 address or IPv6 /64, and logged as a network', () => {
    for (const [ip, remoteAddress, name, network] of cases) {
      const request = { ip, socket: { remoteAddress } } as never;
      assert.equal(clientKey(request), name, ip);
      assert.equal(clientNetwork(request), network, ip);
    }
  });
});
