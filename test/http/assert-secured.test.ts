/** A service with an operation or layer that bypasses authentication refuses to start. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import express from 'express';
import { contract } from '../../src/contract/document.ts';
import { assertSecured, createPipeline } from '../../src/http/app.ts';

type Operation = Record<string, unknown>;

/** The contract with one operation changed. */
function changed(change: Operation): typeof contract {
  const copy = structuredClone(contract);
  Object.assign(copy.paths['/customers']?.post as unknown as Operation, change);
  return copy;
}

const refusals: readonly (readonly [string, Operation, RegExp])[] = [
  ['no security', { security: undefined }, /createCustomer must have security/],
  ['empty security', { security: [] }, /createCustomer must have security/],
  ['an alternative without any', { security: [{ bearer: [] }, {}] }, /must have security/],
  ['an unknown scheme', { security: [{ basic: [] }] }, /must have security/],
  ['no scope', { 'x-required-scope': undefined }, /createCustomer must have an x-required-scope/],
  ['an empty scope', { 'x-required-scope': '' }, /must have an x-required-scope/],
  ['several scopes', { 'x-required-scope': 'a:b c:d' }, /must have an x-required-scope/],
];

suite('the security check at startup', () => {
  test('accepts the contract', () => {
    assert.doesNotThrow(() => assertSecured(contract, express()));
  });

  for (const [name, change, message] of refusals) {
    test(`refuses an operation with ${name}`, () => {
      assert.throws(() => assertSecured(changed(change), express()), message);
    });
  }

  test('refuses a layer outside the pipeline', () => {
    const app = express();
    app.use(createPipeline([]));
    assert.doesNotThrow(() => assertSecured(contract, app));
    app.get('/debug', () => undefined);
    app.use(function serveFiles() {});
    assert.throws(
      () => assertSecured(contract, app),
      /the route \/debug is outside the pipeline\nserveFiles is/,
    );
  });
});
