/** Matching of URL paths to paths of the contract. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { operationsById } from '../../../src/contract/operations.ts';
import { matchPath } from '../../../src/http/middleware/router.ts';

const id = '0198c5a2-7c1e-7b3a-9d42-5e1f0a6b8c37';

/** A URL path, one of its operations, and its parameters. */
const found: readonly (readonly [string, string, Record<string, string>])[] = [
  ['/customers', 'listCustomers', {}],
  [`/customers/${id}`, 'getCustomer', { customerId: id }],
  [`/customers/${id}/restore`, 'restoreCustomer', { customerId: id }],
  // A literal segment takes precedence over a parameter, unless it leads nowhere.
  ['/customers/import', 'importCustomers', {}],
  ['/customers/import/history', 'getCustomerHistory', { customerId: 'import' }],
  ['/external-ids/crm%3A1/customer', 'upsertCustomerByExternalId', { externalId: 'crm:1' }],
  ['/external-ids/a%2Fb/customer', 'upsertCustomerByExternalId', { externalId: 'a/b' }],
  ['/external-ids/%25/customer', 'upsertCustomerByExternalId', { externalId: '%' }],
  ['/changes', 'listChanges', {}],
];

const missing = [
  '/',
  '',
  '/customers/',
  '/Customers',
  '//customers',
  '/customers//history',
  '/external-ids//customer',
];
const beyond = [
  `/customers/${id}/`,
  `/customers/${id}/other`,
  '/external-ids/a/customers',
  '/toString',
  '/customers%2F',
];

suite('paths of the contract', () => {
  for (const [path, operation, parameters] of found) {
    test(`${path} is ${operation}`, () => {
      const match = matchPath(path);
      assert.ok([...(match?.operations.values() ?? [])].includes(operation as never));
      assert.deepEqual({ ...match?.parameters }, parameters);
    });
  }

  for (const path of [...missing, ...beyond]) {
    test(`${path || '(nothing)'} matches no path`, () => assert.equal(matchPath(path), undefined));
  }

  test('every operation is found under its own method', () => {
    for (const { id: operationId, method, path } of operationsById.values()) {
      const match = matchPath(path.replaceAll(/\{\w+\}/g, 'any'));
      assert.equal(match?.operations.get(method), operationId);
    }
  });
});
