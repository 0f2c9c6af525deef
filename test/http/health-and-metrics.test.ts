/** The endpoints for operators and tools: health, metrics and the contract. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { parse } from 'yaml';
import type { Customer } from '../../src/contract/types.ts';
import { suiteCleanup } from '../support/cleanup.ts';
import { describeEngines } from '../support/engines.ts';
import { startTestService, type TestService } from '../support/service.ts';

const unusedId = '0198c5a2-7c1e-7b3a-9d42-5e1f0a6b8c37';
const readRepository = (path: string) => readFile(new URL(`../../${path}`, import.meta.url), 'utf8');

/** The values of all samples with this name and these labels, by their whole text. */
function samplesOf(text: string, name: string): Map<string, number> {
  const lines = text.split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
  return new Map(lines.map((line) => [line.replace(/ \S+$/, ''), Number(line.split(' ').at(-1))]));
}

describeEngines('health and metrics', (engine) => {
  const cleanup = suiteCleanup();
  let service: TestService;
  before(async () => {
    service = await startTestService(cleanup, { engine });
  });
  const metrics = async () => (await service.call('GET', '/metrics')).text;

  test('/livez and /readyz return 200 in plain text', async () => {
    for (const path of ['/livez', '/readyz']) {
      const { status, headers, text } = await service.call('GET', path);
      assert.equal(status, 200);
      assert.match(headers.get('content-type') ?? '', /^text\/plain/);
      assert.ok(text.length > 0);
    }
  });

  test('/openapi.yaml and /openapi.json are the contract in the repository', async () => {
    const yaml = await service.call('GET', '/openapi.yaml');
    assert.equal(yaml.text, await readRepository('openapi.yaml'));
    assert.match(yaml.headers.get('content-type') ?? '', /^application\/yaml/);
    const json = await service.call('GET', '/openapi.json');
    assert.equal(json.text, await readRepository('generated/openapi.json'));
    assert.match(json.headers.get('content-type') ?? '', /^application\/json/);
    assert.deepEqual(json.json, parse(yaml.text));
  });

  test('/metrics counts requests by operationId and status, never by path', async () => {
    const { json } = await service.call<Customer>('POST', '/customers', { body: { name: 'Counted' } });
    const path = `/customers/${json.id}`;
    const counted = samplesOf(await metrics(), 'http_requests_total');
    const requests: [operation: string, status: number, method: string, path: string, body?: unknown][] = [
      ['getCustomer', 200, 'GET', path],
      ['getCustomer', 200, 'HEAD', path],
      ['getCustomer', 404, 'GET', `/customers/${unusedId}`],
      ['getCustomer', 400, 'GET', '/customers/x'],
      ['listCustomers', 200, 'GET', '/customers'],
      ['createCustomer', 201, 'POST', '/customers', { name: 'x' }],
      ['createCustomer', 422, 'POST', '/customers', {}],
      ['createCustomer', 400, 'POST', '/customers', '{'],
      ['replaceCustomer', 200, 'PUT', path, { name: 'Replaced' }],
      ['updateCustomer', 200, 'PATCH', path, {}],
      ['deleteCustomer', 204, 'DELETE', path],
      ['restoreCustomer', 200, 'POST', `${path}/restore`],
      ['other', 404, 'GET', '/nowhere'],
      ['other', 404, 'GET', '/customers/'],
      ['other', 405, 'PUT', '/customers'],
    ];
    const expected = new Map(counted);
    for (const [operation, status, method, target, body] of requests) {
      assert.equal((await service.call(method, target, { body })).status, status, `${method} ${target}`);
      const sample = `http_requests_total{operation="${operation}",status="${status}"}`;
      expected.set(sample, (expected.get(sample) ?? 0) + 1);
    }
    // The request for the first figures has finished in between.
    const own = 'http_requests_total{operation="other",status="200"}';
    expected.set(own, (expected.get(own) ?? 0) + 1);
    assert.deepEqual(
      new Map([...samplesOf(await metrics(), 'http_requests_total')].sort()),
      new Map([...expected].sort()),
    );
  });

  test('/metrics has latencies per operation, requests in flight and process figures', async () => {
    const text = await metrics();
    const durations = samplesOf(text, 'http_request_duration_seconds_count');
    const requests = samplesOf(text, 'http_requests_total');
    const sum = (samples: Map<string, number>) =>
      [...samples.values()].reduce((total, value) => total + value, 0);
    assert.ok(durations.has('http_request_duration_seconds_count{operation="getCustomer"}'));
    assert.equal(sum(durations), sum(requests));
    assert.deepEqual([...samplesOf(text, 'http_requests_in_flight').values()], [1], 'this request itself');
    assert.ok(samplesOf(text, 'process_resident_memory_bytes').size > 0);
    assert.ok(!text.includes(unusedId));
    assert.ok(!text.includes('/customers'));
    assert.ok(!text.includes('nowhere'));
  });

  test('/metrics is 404 for requests that a proxy forwards for others', async () => {
    const proxied = [
      ...[
        { 'X-Forwarded-For': '203.0.113.7' },
        { 'X-Forwarded-For': '127.0.0.1' },
        { 'X-Forwarded-For': '' },
      ],
      ...[{ Forwarded: 'for=203.0.113.7' }, { Forwarded: 'for=127.0.0.1;proto=http' }],
    ];
    for (const headers of proxied) {
      for (const method of ['GET', 'HEAD']) {
        const reply = await service.call(method, '/metrics', { headers: headers as Record<string, string> });
        assert.equal(reply.status, 404, JSON.stringify(headers));
        assert.ok(!reply.text.includes('process_'));
      }
      const alive = await service.call('GET', '/livez', { headers: headers as Record<string, string> });
      assert.equal(alive.status, 200);
    }
  });

  if (engine === 'postgres') {
    test('/readyz is 503 with Retry-After when the database is gone, and /livez is still 200', async (t) => {
      const doomed = await startTestService(t, { engine });
      assert.equal((await doomed.call('GET', '/readyz')).status, 200);
      const { pathname } = new URL(doomed.databaseUrl);
      const client = new pg.Client({ connectionString: new URL('/postgres', doomed.databaseUrl).href });
      await client.connect();
      await client.query(`DROP DATABASE ${pathname.slice(1)} WITH (FORCE)`);
      await client.end();
      // The last result is cached for a moment.
      let reply = await doomed.call('GET', '/readyz');
      for (let turn = 0; turn < 100 && reply.status === 200; turn++) {
        await pause(100);
        reply = await doomed.call('GET', '/readyz');
      }
      const { status, problem, headers, text } = reply;
      assert.deepEqual([status, problem.code], [503, 'unavailable']);
      assert.match(headers.get('retry-after') ?? '', /^\d+$/);
      assert.ok(!text.includes(pathname.slice(1)), 'the name of the database must not reach callers');
      assert.equal((await doomed.call('GET', '/livez')).status, 200);
    });
  }
});
