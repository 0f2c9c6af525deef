/**
 * Personal data in every field, header and query, with every way a request can fail: none of it appears in
 * the log (at its most verbose level), metrics, traces, or another caller's response.
 *
 * Planted, and each failed: `err.detail` logged, where PostgreSQL puts the row; messages of triggers and
 * casts logged; in traces, the path instead of the route, a database error's message, all of `tracestate`.
 */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { Engine } from '../../src/storage/engine/engine.ts';
import { openDirectly } from '../storage/direct-engine.ts';
import { suiteCleanup } from '../support/cleanup.ts';
import { describeEngines } from '../support/engines.ts';
import { sendRaw } from '../support/raw-request.ts';
import { type OtlpReceiver, startReceiver } from '../telemetry/otlp-receiver.ts';
import { damages, whileDamaged, whileLocked } from './broken-database.ts';
import {
  type CanarySource,
  canaryCustomer,
  fullRequest,
  inputRequests,
  refusedRequests,
} from './canary-requests.ts';
import { createSender, type HostileReply, type HostileRequest, pathOf } from './hostile-request.ts';
import { hostileTargets } from './hostile-targets.ts';
import { createResources } from './resources.ts';
import { type ServiceProcess, startServiceProcess } from './service-process.ts';

/** Part of no word of the service. No encoding changes these letters except base64. */
const mark = 'zqkanari';

describeEngines('canaries', (engine) => {
  const cleanup = suiteCleanup();
  let service: ServiceProcess;
  let collector: OtlpReceiver;
  let sender: ReturnType<typeof createSender>;
  let direct: Engine;
  let resources: (request: HostileRequest) => Promise<HostileRequest>;
  const statuses = new Map<number, number>();
  const echoes: string[] = [];
  let sent = 0;
  let made = 0;
  const canaries: CanarySource = { next: () => `${mark}${String(++made).padStart(6, '0')}` };

  before(async () => {
    collector = await startReceiver(cleanup);
    const strict = { LOG_LEVEL: 'trace', REQUIRE_IF_MATCH: 'true', REQUEST_TIMEOUT_MS: '1500' };
    const env = { ...strict, OTEL_EXPORTER_OTLP_ENDPOINT: collector.url };
    service = await startServiceProcess(cleanup, engine, { env });
    sender = createSender(service.url);
    cleanup.after(() => sender.close());
    direct = openDirectly(cleanup, service.databaseUrl);
    resources = createResources({ call: callPlainly });
  });

  test('sends every input, and every error that a request alone can cause', async (t) => {
    await send([...inputRequests(canaries), ...refusedRequests(canaries)]);
    await taken();
    for (const bytes of unreadable(canaries)) await sendRaw(service.url, bytes, 2000).then(noteRaw);
    t.diagnostic(`${sent} requests; ${summary(statuses)}`);
    for (const status of [400, 404, 405, 406, 409, 410, 412, 413, 414, 415, 417, 422, 428, 431]) {
      assert.ok(statuses.get(status), `${status} was never returned`);
    }
  });

  test('sends requests that fail with 500 on a damaged database', async (t) => {
    const earlier = statuses.get(500) ?? 0;
    for (const damage of damages[engine]) {
      const requests = hostileTargets.map((target) => fullRequest(target, canaries));
      const ready = await Promise.all(requests.map(resources));
      await whileDamaged(direct, damage, () => send(ready));
    }
    const failed = (statuses.get(500) ?? 0) - earlier;
    t.diagnostic(`${damages[engine].length} faults, ${failed} times 500`);
    assert.ok(failed >= damages[engine].length);
  });

  test('sends requests that fail with 503 on a locked database', async (t) => {
    const requests = hostileTargets.map((target) => fullRequest(target, canaries));
    const ready = await Promise.all(requests.map(resources));
    await whileLocked(direct, () => send(ready));
    t.diagnostic(`${statuses.get(503)} times 503`);
    assert.ok((statuses.get(503) ?? 0) > 1);
  });

  test('personal data appears only in the response to its own request', async (t) => {
    assert.deepEqual(echoes, []);
    const metrics = await (await fetch(`${service.url}/metrics`)).text();
    assert.match(metrics, /http_requests_total/);
    const { stdout, stderr } = await service.stop();
    const lines = stdout.trimEnd().split('\n');
    for (const line of lines) assert.equal(typeof JSON.parse(line).level, 'number', 'a line is forged');
    const ours = lines.filter((line) => /"msg":"(request|unreadable request)"/.test(line));
    assert.ok(ours.length >= sent, `${sent} requests, ${ours.length} lines`);
    const traces = collector.bytes().toString('latin1');
    const failed = collector.spans.filter(({ isError }) => isError);
    assert.ok(failed.some(({ kind }) => kind === 'client') && failed.some(({ kind }) => kind === 'server'));
    for (const [place, text] of Object.entries({ stdout, stderr, metrics, traces })) {
      const at = text.toLowerCase().indexOf(mark);
      assert.equal(at, -1, `${place}: ${text.slice(Math.max(0, at - 300), at + 100)}`);
    }
    t.diagnostic(
      `${made} canaries in ${sent} requests: 0 in ${lines.length} lines of the log, ${collector.spans.length} spans, metrics and others' responses`,
    );
  });

  /** Each request has its own canaries, so that another request's canary in its response is detected. */
  async function send(requests: readonly HostileRequest[]): Promise<void> {
    const remaining = requests.values();
    const worker = async () => {
      for (const request of remaining) {
        const ready = await resources(request);
        const reply = await sender
          .send(ready)
          .catch((): HostileReply => ({ status: 499, headers: new Headers(), text: '' }));
        note(ready, reply);
      }
    };
    await Promise.all(Array.from({ length: 8 }, worker));
  }

  function note(request: HostileRequest, { status, headers, text }: HostileReply): void {
    sent++;
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
    if (status < 400) return;
    const own = [
      pathOf(request),
      JSON.stringify(request.headers),
      Buffer.from(request.body ?? []).toString(),
    ].join('\n');
    const answer = `${JSON.stringify([...headers])}\n${text}`;
    const others = [...answer.matchAll(new RegExp(`${mark}\\d+`, 'g'))].filter(
      ([found]) => !own.includes(found),
    );
    for (const [found] of others) echoes.push(`${request.label}: ${status} contains ${found}`);
  }

  function noteRaw({ status }: { readonly status: number }): void {
    if (status > 0) sent++;
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
  }

  /** Unique keys of another customer: the error must not reveal whose. */
  async function taken(): Promise<void> {
    const target = hostileTargets.find(({ operationId }) => operationId === 'createCustomer');
    if (!target) throw new Error('The contract has no createCustomer.');
    const holder = canaryCustomer(canaries);
    const creating = (body: object): HostileRequest => ({
      ...fullRequest(target, canaries),
      body: Buffer.from(JSON.stringify(body)),
    });
    await send([creating(holder)]);
    const { email, externalId } = holder;
    await send([
      creating({ name: canaries.next(), email: String(email).toUpperCase() }),
      creating({ name: canaries.next(), externalId }),
    ]);
  }

  async function callPlainly<Body>(method: string, path: string, options?: { readonly body?: unknown }) {
    const headers = { 'Content-Type': 'application/json', 'If-Match': '*' };
    const body = options?.body === undefined ? null : JSON.stringify(options.body);
    const reply = await fetch(service.url + path, { method, headers, body });
    sent++;
    const text = await reply.text();
    return { status: reply.status, text, json: (text ? JSON.parse(text) : undefined) as Body } as never;
  }
});

/** Bytes with canaries that are not valid HTTP requests. */
function unreadable(canaries: CanarySource): string[] {
  const next = () => canaries.next();
  return [
    `${next()}\r\n\r\n`,
    `GET /${next()} HTTP/1.1\r\nHost: ${next()}\r\n${next()}\r\n\r\n`,
    `GET /${next()} HTTP/1.1\r\nHost: ${next()} x\r\n\r\n`,
    `GET http://${next()}/${next()} HTTP/1.1\r\nHost: localhost\r\n\r\n`,
    `GET /customers/${next()}?${next()}=%ff HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`,
    `GET /customers HTTP/1.1\r\nHost: localhost\r\nOrigin: https://${next()}.example\r\nConnection: close\r\n\r\n`,
    `CONNECT ${next()}:443 HTTP/1.1\r\nHost: ${next()}\r\n\r\n`,
    `GET /${next().repeat(5000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`,
    `POST /customers HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n${next()}`,
    `POST /customers HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n${next()}\r\n`,
  ];
}

function summary(statuses: ReadonlyMap<number, number>): string {
  return [...statuses]
    .sort(([one], [other]) => one - other)
    .map(([status, times]) => `${status}: ${times}`)
    .join(', ');
}
