/**
 * Calls every operation of the contract through the TypeScript client. Planted: an operation left out of
 * every-operation.ts, options that are not sent, read-only members left in a body.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CustomersClient } from '../../clients/typescript/src/index.ts';
import { checkReply } from '../support/contract-check.ts';
import { contractDocument } from '../support/contract-document.ts';
import { findOperation } from '../support/contract-operations.ts';
import { describeEngines } from '../support/engines.ts';
import { startTestService } from '../support/service.ts';
import { callEveryOperation } from './every-operation.ts';

const operationIds = Object.values(contractDocument.paths).flatMap((item) =>
  Object.values(item).flatMap(({ operationId }) => operationId ?? []),
);

describeEngines('client: operations', (engine) => {
  test('every operation of the contract is called, and does what it is for', async (context) => {
    const service = await startTestService(context, { engine });
    const called = new Map<string, number>();
    const observed: typeof fetch = async (input, init) => {
      const [method, path] = [init?.method ?? 'GET', new URL(String(input)).pathname];
      const operationId = findOperation(method, path)?.operation.operationId ?? `${method} ${path}`;
      called.set(operationId, (called.get(operationId) ?? 0) + 1);
      const response = await fetch(input, init);
      const { status, headers } = response;
      if (!isStreamed(headers)) {
        checkReply({ method, path, status, headers, bodyText: await response.clone().text() });
      }
      return response;
    };
    await callEveryOperation(new CustomersClient({ baseUrl: service.url, fetch: observed, retriesMax: 0 }));
    context.diagnostic(
      `${called.size} of ${operationIds.length} operations, ${sum(called.values())} requests`,
    );
    assert.deepEqual([...called.keys()].sort(), [...operationIds].sort());
  });
});

function isStreamed(headers: Headers): boolean {
  return /^(text\/event-stream|application\/x-ndjson|text\/csv)/.test(headers.get('content-type') ?? '');
}

function sum(values: Iterable<number>): number {
  return [...values].reduce((total, value) => total + value, 0);
}
