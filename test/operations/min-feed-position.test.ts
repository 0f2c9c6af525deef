/**
 * Min-Feed-Position without a replica is validated and otherwise has no effect.
 *
 * Planted: the parameter left out of one operation in openapi.yaml. Its malformed values returned 200.
 */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { Customer } from '../../src/contract/types.ts';
import { suiteCleanup } from '../support/cleanup.ts';
import { describeEngines } from '../support/engines.ts';
import { startTestService, type TestService } from '../support/service.ts';

const malformed = ['', ' ', '-1', '+1', '1.0', '0x10', '1e3', 'latest', '"5"', '5, 6', '1'.repeat(20), '٣'];

describeEngines('Min-Feed-Position without a replica', (engine) => {
  const cleanup = suiteCleanup();
  let service: TestService;
  let customer: Customer;
  let position: string;
  let paths: readonly string[];

  before(async () => {
    service = await startTestService(cleanup, { engine });
    const created = await service.call<Customer>('POST', '/customers', {
      body: { name: 'Ada', externalId: 'ada' },
    });
    customer = created.json;
    position = created.headers.get('feed-position') ?? '';
    paths = [
      `/customers/${customer.id}`,
      '/customers',
      '/external-ids/ada/customer',
      `/customers/${customer.id}/history`,
      '/changes',
      '/customers/export',
    ];
  });

  test('every read accepts it, at, below and above the end of the feed, and returns the latest state', async () => {
    for (const path of paths) {
      const plain = await service.call('GET', path);
      for (const asked of ['0', position, '007', '9223372036854775807', '9'.repeat(19)]) {
        const headers = { 'Min-Feed-Position': asked };
        const { status, text } = await service.call('GET', path, { headers });
        assert.equal(status, 200, `${path} ${asked}`);
        assert.equal(text, plain.text, `${path} ${asked}`);
      }
    }
  });

  test('400 for a malformed value', async () => {
    for (const path of paths) {
      for (const value of malformed.filter((text) => /^[\x20-\xff]*$/.test(text))) {
        const { status, problem } = await service.call('GET', path, {
          headers: { 'Min-Feed-Position': value },
        });
        assert.equal(status, 400, `${path} ${JSON.stringify(value)}`);
        assert.equal(problem.code, 'invalid_request');
        assert.equal(problem.errors?.[0]?.parameter, 'Min-Feed-Position');
      }
    }
  });
});
