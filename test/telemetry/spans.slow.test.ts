/**
 * The spans of requests, as received by a test collector that parses the bytes sent.
 *
 * Planted, and each failed: the caller's `traceparent` not used as parent; a read linked to the first request
 * only; a transaction reported only for its first write; statements attached to the request instead of the
 * work; an unsampled parent recorded anyway; no link back to the work; the path instead of the route.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import type { Cleanup } from '../support/cleanup.ts';
import { describeEngines, type EngineName } from '../support/engines.ts';
import { startTestService } from '../support/service.ts';
import { type ReceivedSpan, startReceiver } from './otlp-receiver.ts';

const system = { sqlite: 'sqlite', postgres: 'postgresql' } as const;

/** A caller's span, new each time. */
function parent(flags = '01') {
  const traceId = randomBytes(16).toString('hex');
  const spanId = randomBytes(8).toString('hex');
  return { traceId, spanId, headers: { traceparent: `00-${traceId}-${spanId}-${flags}` } };
}

async function startTraced(
  cleanup: Cleanup,
  engine: EngineName,
  environment: Readonly<Record<string, string>> = {},
) {
  const receiver = await startReceiver(cleanup);
  const traced = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, ...environment };
  const service = await startTestService(cleanup, { engine, environment: traced, version: '9.8.7' });
  const create = async (fields = {}) => {
    const { json } = await service.call<{ id: string }>('POST', '/customers', {
      body: { name: 'Ada', ...fields },
    });
    return json.id;
  };
  /** Stopping flushes the remaining spans. */
  const received = async () => {
    await service.stop();
    return receiver.spans;
  };
  return { service, receiver, create, received };
}

const servers = (spans: readonly ReceivedSpan[]) => spans.filter(({ kind }) => kind === 'server');
const childrenOf = (spans: readonly ReceivedSpan[], { traceId, spanId }: ReceivedSpan) =>
  spans.filter((span) => span.traceId === traceId && span.parentSpanId === spanId);
const named = (spans: readonly ReceivedSpan[], wanted: string) => spans.filter(({ name }) => name === wanted);

describeEngines('spans', (engine) => {
  test("a read: request, work and statement are nested under the caller's span", async (t) => {
    const { service, receiver, create, received } = await startTraced(t, engine, {
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20s3cr3t',
      OTEL_SERVICE_NAME: 'customers-eu',
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test',
    });
    const caller = parent();
    const id = await create();
    const headers = {
      ...caller.headers,
      'X-Request-Id': 'req-1',
      tracestate: 'other=secret, ot=th:8;rv:abc',
    };
    await service.call('GET', `/customers/${id}`, { headers });
    const spans = (await received()).filter(({ traceId }) => traceId === caller.traceId);
    assert.equal(receiver.headers.authorization, 'Bearer s3cr3t');
    assert.equal(receiver.headers['content-type'], 'application/x-protobuf');
    const [request, ...others] = servers(spans);
    assert.ok(request && others.length === 0);
    assert.equal(request.parentSpanId, caller.spanId);
    assert.equal(request.traceState, 'ot=th:8;rv:abc');
    assert.equal(request.name, 'GET /customers/{customerId}');
    assert.deepEqual(request.attributes, {
      'http.request.method': 'GET',
      'url.scheme': 'http',
      'http.route': '/customers/{customerId}',
      'http.response.status_code': 200,
      'customers.operation_id': 'getCustomer',
      'customers.request_id': 'req-1',
    });
    assert.equal(request.resource['service.name'], 'customers-eu');
    assert.equal(request.resource['service.version'], '9.8.7');
    assert.equal(request.resource['deployment.environment.name'], 'test');
    const [work, ...noWork] = childrenOf(spans, request);
    assert.ok(work && noWork.length === 0);
    assert.deepEqual([work.name, work.kind], ['read', 'internal']);
    assert.equal(work.attributes['customers.requests_served'], 1);
    const [statement, ...more] = childrenOf(spans, work);
    assert.ok(statement && more.length === 0);
    assert.deepEqual([statement.name, statement.kind], ['SELECT customers', 'client']);
    assert.deepEqual(statement.attributes, {
      'db.system.name': system[engine],
      'db.operation.name': 'SELECT',
      'db.query.summary': 'SELECT customers',
    });
    assert.ok(request.durationNs >= work.durationNs && work.durationNs >= statement.durationNs);
    assert.equal(spans.length, 3);
  });

  test('a write: its transaction down to COMMIT; refusals are not errors; each page of an export', async (t) => {
    const { service, create, received } = await startTraced(t, engine);
    await create({ email: 'ada@example.com' });
    await service.call('POST', '/customers', { body: { name: 'Eve', email: 'ada@example.com' } });
    await service.call('GET', '/customers', { query: { limit: 5 } });
    await service.call('GET', '/customers/export', { headers: { Accept: 'application/x-ndjson' } });
    await service.call('GET', '/livez');
    await service.call('GET', '/nowhere');
    const spans = await received();
    const [created, refused] = named(spans, 'POST /customers');
    assert.ok(created && refused);
    const [transaction] = childrenOf(spans, created);
    assert.equal(transaction?.name, 'transaction');
    const statements = transaction ? childrenOf(spans, transaction).map(({ name }) => name) : [];
    // On PostgreSQL one statement with those of its tags and search text.
    assert.ok(
      statements.some((name) => /^INSERT customers\b/.test(name)) && statements.includes('COMMIT'),
      statements.join(),
    );
    assert.equal(refused.attributes['http.response.status_code'], 409);
    assert.equal(refused.attributes['customers.problem_code'], 'email_taken');
    assert.equal(refused.isError, false);
    const [exported] = named(spans, 'GET /customers/export');
    assert.equal(exported && childrenOf(spans, exported).length, 2, 'the feed bounds, and a page');
    // Neither route nor path. Health probes belong to no operation.
    assert.deepEqual(
      servers(spans)
        .map(({ name }) => name)
        .sort(),
      ['GET', 'GET /customers', 'GET /customers/export', 'POST /customers', 'POST /customers'],
    );
    assert.ok(spans.every(({ traceId, spanId }) => /^[0-9a-f]{32}$/.test(traceId) && spanId.length === 16));
  });

  for (const { what, kind, method } of [
    { what: 'reads', kind: 'read', method: 'GET' },
    { what: 'writes', kind: 'transaction', method: 'PATCH' },
  ]) {
    test(`${what} that share work are linked to it, and it to them`, async (t) => {
      const { service, create, received } = await startTraced(t, engine);
      const ids = await Promise.all(Array.from({ length: 32 }, () => create()));
      const callers = ids.map((id) => ({ id, ...parent() }));
      // Sent as one chunk, so that they arrive together.
      const body = method === 'PATCH' ? '{"note":"a"}' : '';
      const requests = callers.map(({ id, headers }, index) =>
        [
          `${method} /customers/${id} HTTP/1.1`,
          'Host: localhost',
          `traceparent: ${headers.traceparent}`,
          ...(body ? ['Content-Type: application/merge-patch+json', `Content-Length: ${body.length}`] : []),
          ...(index === 31 ? ['Connection: close'] : []),
          `\r\n${body}`,
        ].join('\r\n'),
      );
      await service.raw(requests.join(''));
      const spans = await received();
      const traces = new Set(callers.map(({ traceId }) => traceId));
      const works = named(spans, kind).filter(({ traceId }) => traces.has(traceId));
      let linked = 0;
      for (const { traceId, spanId } of callers) {
        const [request, ...others] = servers(spans).filter((span) => span.traceId === traceId);
        assert.ok(request && others.length === 0);
        assert.equal(request.parentSpanId, spanId);
        const own = childrenOf(spans, request);
        const shared = works.filter(({ links }) => links.some((link) => link.spanId === request.spanId));
        assert.equal(own.length + shared.length, 1, 'served by one piece of work');
        for (const work of shared) {
          linked += 1;
          assert.deepEqual(request.links, [{ traceId: work.traceId, spanId: work.spanId }]);
          assert.ok(work.links.some((link) => link.traceId === traceId));
        }
      }
      for (const work of works) {
        assert.equal(work.attributes['customers.requests_served'], work.links.length + 1);
        assert.ok(childrenOf(spans, work).length > 0);
      }
      t.diagnostic(`32 ${what}: ${works.length} of ${kind}, ${linked} linked`);
      assert.ok(works.length < 32 && linked > 0, 'none were shared');
    });
  }

  test('the caller decides whether a trace is recorded; without a caller, the sampling ratio', async (t) => {
    const none = { OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0' };
    const { service, create, received } = await startTraced(t, engine, none);
    const id = await create();
    const [wanted, unwanted] = [parent('01'), parent('00')];
    for (const { headers } of [wanted, unwanted]) await service.call('GET', `/customers/${id}`, { headers });
    const spans = await received();
    assert.deepEqual([...new Set(spans.map(({ traceId }) => traceId))], [wanted.traceId]);
    assert.equal(spans.length, 3);
  });

  test('a malformed traceparent is ignored', async (t) => {
    const { service, create, received } = await startTraced(t, engine, { OTEL_TRACES_SAMPLER: 'always_on' });
    const id = await create();
    const { traceId, spanId } = parent();
    const malformed = [
      `00-${'0'.repeat(32)}-${spanId}-01`,
      `00-${traceId}-${'0'.repeat(16)}-01`,
      `ff-${traceId}-${spanId}-01`,
      `00-${traceId}-${spanId}-01-more`,
      `00-A${traceId.slice(1)}-${spanId}-01`,
      `00-${traceId}-${spanId}`,
      '',
    ];
    for (const traceparent of malformed)
      await service.call('GET', `/customers/${id}`, { headers: { traceparent } });
    // A later version of the format, with known first parts.
    const later = parent();
    const traceparent = `${later.headers.traceparent.replace(/^00/, '42')}-more`;
    await service.call('GET', `/customers/${id}`, { headers: { traceparent } });
    const requests = named(await received(), 'GET /customers/{customerId}');
    assert.equal(requests.length, malformed.length + 1);
    for (const request of requests) {
      const isLater = request.traceId === later.traceId;
      assert.equal(request.parentSpanId, isLater ? later.spanId : '');
      if (!isLater) assert.notEqual(request.traceId, traceId);
    }
    assert.equal(requests.filter((request) => request.traceId === later.traceId).length, 1);
  });

  test('an endless import records no more than its share of spans', async (t) => {
    const { service, received } = await startTraced(t, engine);
    const lines = Array.from({ length: 120 }, (_, index) => `{"name":"A","externalId":"x:${index}"}`);
    // One write at a time: each has its own transaction, which is rolled back.
    await service.call('POST', '/customers/import', {
      query: { validateOnly: true },
      headers: { 'Content-Type': 'application/x-ndjson' },
      body: lines.join('\n'),
    });
    const spans = await received();
    const [imported] = named(spans, 'POST /customers/import');
    assert.ok(imported);
    assert.equal(named(spans, 'transaction').length, 100);
    assert.equal(imported.attributes['customers.works_not_recorded'], 20);
  });
});
