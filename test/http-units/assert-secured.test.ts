/** A service in which something is open that should not be does not start. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import express from 'express';
import { contract } from '../../src/contract/document.ts';
import { assertSecured } from '../../src/http/assert-secured.ts';

type Operation = Record<string, unknown>;

/** The contract with one operation changed. */
function changed(change: (operation: Operation) => void): typeof contract {
  const copy = structuredClone(contract);
  change(copy.paths['/customers']?.post as unknown as Operation);
  return copy;
}

const refusals: readonly (readonly [string, (operation: Operation) => void, RegExp])[] = [
  ['no security', (operation) => void delete operation.security, /createCustomer must have security/],
  ['empty security', (operation) => void (operation.security = []), /createCustomer must have security/],
  [
    'an alternative without any',
    (operation) => void (operation.security = [{ bearer: [] }, {}]),
    /must have security/,
  ],
  ['an unknown scheme', (operation) => void (operation.security = [{ basic: [] }]), /must have security/],
  [
    'no scope',
    (operation) => void delete operation['x-required-scope'],
    /createCustomer must have an x-required-scope/,
  ],
  ['an empty scope', (operation) => void (operation['x-required-scope'] = ''), /x-required-scope/],
  ['several scopes', (operation) => void (operation['x-required-scope'] = 'a:b c:d'), /x-required-scope/],
];

suite('the check at start', () => {
  test('takes the contract as it is', () => {
    assert.doesNotThrow(() => assertSecured(contract, express(), []));
  });

  for (const [name, change, message] of refusals) {
    test(`refuses an operation with ${name}`, () => {
      assert.throws(() => assertSecured(changed(change), express(), []), message);
    });
  }

  test('refuses a route that is in no list', () => {
    const app = express();
    app.get('/livez', () => undefined);
    app.get('/debug', () => undefined);
    assert.throws(() => assertSecured(contract, app, ['/livez']), /the route \/debug is in no list/);
  });
});
