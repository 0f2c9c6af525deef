/**
 * Texts and JSON that programs are known to mishandle: each text is stored exactly or refused, each body gets
 * the expected status, and the process's memory stays bounded.
 *
 * Planted, and each failed: names stored in NFC (texts come back changed), `depthMax` of 100,000 (422 instead
 * of 400), the byte order mark accepted (201), compressed bodies inflated without a limit (170 MB).
 */

import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { Customer } from '../../src/contract/types.ts';
import { suiteCleanup } from '../support/cleanup.ts';
import { describeEngines } from '../support/engines.ts';
import { sendRaw } from '../support/raw-request.ts';
import { byTier } from '../support/tier.ts';
import { type HostileBody, hostileBodies } from './hostile-bodies.ts';
import { createSender, type HostileReply, type HostileRequest } from './hostile-request.ts';
import { hostileTargets } from './hostile-targets.ts';
import { naughtyStrings } from './naughty-strings.ts';
import { minimalRequest } from './request-matrix.ts';
import { judge } from './request-oracle.ts';
import { residentMb, type ServiceProcess, startServiceProcess } from './service-process.ts';

const rounds = byTier({ full: 1, soak: 20 });
const residentGrowthMbMax = 50;

/** The members of a customer that take free text. */
const places: Readonly<Record<string, (text: string) => object>> = {
  name: (name) => ({ name }),
  note: (note) => ({ name: 'x', note }),
  tag: (tag) => ({ name: 'x', tags: [tag] }),
  metadata: (value) => ({ name: 'x', metadata: { key: value } }),
  address: (line1) => ({ name: 'x', address: { line1 } }),
};

describeEngines('hostile JSON', (engine) => {
  const cleanup = suiteCleanup();
  let service: ServiceProcess;
  let sender: ReturnType<typeof createSender>;
  let restingMb: number | undefined;
  let peakMb = 0;
  before(async () => {
    // The same garbage-collection headroom on every Node; newer versions take more on larger machines.
    service = await startServiceProcess(cleanup, engine, { nodeFlags: ['--max-semi-space-size=16'] });
    sender = createSender(service.url);
    cleanup.after(() => sender.close());
    // Warm up: compiled code and database caches take memory anyway.
    for (let count = 0; count < 2; count++)
      await Promise.all(
        Array.from({ length: 300 }, (_, index) => create({ name: `Warm ${index}`, note: 'x'.repeat(5000) })),
      );
    restingMb = residentMb(service.pid);
    peakMb = restingMb ?? 0;
    const watching = setInterval(() => {
      peakMb = Math.max(peakMb, residentMb(service.pid) ?? 0);
    }, 50);
    cleanup.after(() => clearInterval(watching));
  });

  test('each naughty string is stored exactly as sent or is refused', async (t) => {
    let exact = 0;
    let refused = 0;
    const faults: string[] = [];
    const cases = naughtyStrings.flatMap((text) =>
      Object.entries(places).map(([place, wrap]) => ({ text, place, wrap })),
    );
    const remaining = cases.values();
    const worker = async () => {
      for (const { text, place, wrap } of remaining) {
        const body = wrap(text);
        // Half of them with every character escaped, which must be equivalent.
        const json = (exact + refused) % 2 === 0 ? JSON.stringify(body) : escaped(JSON.stringify(body));
        const request = creating(Buffer.from(json));
        const reply = await sender.send(request);
        const invalid = judge(request).faults.length > 0;
        if (invalid && [400, 422].includes(reply.status)) refused++;
        else if (!invalid && (await isStoredExactly(reply, body))) exact++;
        else faults.push(`${place} ${JSON.stringify(text.slice(0, 50))}: ${reply.status}`);
      }
    };
    await Promise.all(Array.from({ length: 12 }, worker));
    t.diagnostic(
      `${naughtyStrings.length} strings in ${cases.length} requests: ${exact} exact, ${refused} refused, ${faults.length} wrong`,
    );
    assert.deepEqual(faults, []);
    assert.ok(naughtyStrings.length >= 300 && exact > 1000 && refused > 50);
  });

  test('each hostile body gets the expected status', async (t) => {
    const bodies = hostileBodies();
    const faults: string[] = [];
    for (const body of Array.from({ length: rounds }, () => bodies).flat()) {
      const reply = await sender.send(creating(body.bytes, body.headers));
      if (!body.statuses.includes(reply.status) || !(await isStoredExactly(reply, accepted(body)))) {
        faults.push(`${body.label}: ${reply.status}, not ${body.statuses.join('/')}`);
      }
    }
    t.diagnostic(`${bodies.length} bodies, ${faults.length} wrong`);
    assert.deepEqual(faults, []);
  });

  test('many of the largest bodies at once', async (t) => {
    const nested = Buffer.from('['.repeat(60_000));
    const bodies = Array.from({ length: 400 * rounds }, (_, index) =>
      index % 2 ? nested : Buffer.alloc(65_536, ' '),
    );
    const replies = await Promise.all(bodies.map((bytes) => sender.send(creating(bytes))));
    assert.deepEqual([...new Set(replies.map(({ status }) => status))].sort(), [400]);
    t.diagnostic(`${bodies.length} bodies of 60 kB, 0 wrong`);
  });

  test('trailers of a chunked body are ignored', async () => {
    const chunks = '11\r\n{"name":"chunked\r\n2\r\n"}\r\n0\r\n';
    for (const trailer of [
      'X-Request-Id: trailer',
      'Content-Length: 5',
      'Transfer-Encoding: identity',
      'Idempotency-Key: a b',
      'Content-Type: text/plain',
      'Host: evil.example',
      'Authorization: Bearer x',
    ]) {
      const head = `POST /customers HTTP/1.1\r\nHost: ${new URL(service.url).host}\r\nContent-Type: application/json\r\nConnection: close\r\nTransfer-Encoding: chunked\r\nTrailer: ${trailer.split(':')[0]}\r\n\r\n`;
      const { status, text } = await sendRaw(service.url, `${head}${chunks}${trailer}\r\n\r\n`);
      assert.ok(status === 201 || status === 400, `${trailer}: ${text}`);
      assert.doesNotMatch(text, /x-request-id: trailer/i);
    }
  });

  test(`the process grows by at most ${residentGrowthMbMax} MB`, (t) => {
    if (restingMb === undefined) return t.skip('this system does not report it');
    t.diagnostic(`${restingMb.toFixed(0)} MB before, ${peakMb.toFixed(0)} MB at most since`);
    assert.ok(
      peakMb - restingMb <= residentGrowthMbMax,
      `${restingMb} MB before, ${peakMb} MB at most since`,
    );
  });

  const creating = (body: Uint8Array, headers = {}): HostileRequest => {
    const target = hostileTargets.find(({ operationId }) => operationId === 'createCustomer');
    if (!target) throw new Error('The contract has no createCustomer.');
    const least = minimalRequest(target);
    return { ...least, headers: { ...least.headers, ...headers }, body };
  };

  function create(body: object): Promise<HostileReply> {
    return sender.send(creating(Buffer.from(JSON.stringify(body))));
  }

  /** Whether a created customer is exactly what was sent, in the response and when read again. */
  async function isStoredExactly(reply: HostileReply, sent: object | undefined): Promise<boolean> {
    if (sent === undefined) return reply.status !== 201;
    if (reply.status !== 201) return false;
    const read = await fetch(service.url + reply.headers.get('location'));
    const bytes = Buffer.from(await read.arrayBuffer()).toString();
    return bytes === reply.text && holds(JSON.parse(bytes) as Customer, sent);
  }
});

/** The content of a body that must be accepted; undefined for one that must be refused. */
function accepted({ bytes, statuses }: HostileBody): object | undefined {
  return statuses.includes(201) ? (JSON.parse(Buffer.from(bytes).toString()) as object) : undefined;
}

function holds(stored: unknown, sent: unknown): boolean {
  if (typeof sent !== 'object' || sent === null) return stored === sent;
  if (typeof stored !== 'object' || stored === null) return false;
  return Object.entries(sent).every(
    ([name, value]) => Object.hasOwn(stored, name) && holds((stored as Record<string, unknown>)[name], value),
  );
}

/** The same JSON with all characters of its texts escaped, except ASCII letters. */
function escaped(json: string): string {
  return json.replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
