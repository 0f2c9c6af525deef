/** The log of a real process: one line per request, without personal data. */
import assert from 'node:assert/strict';
import { before, suite, test } from 'node:test';
import { suiteCleanup } from '../support/cleanup.ts';
import { type EngineName, engines, freshDatabaseUrl } from '../support/engines.ts';
import { type CommandExit, runCommand, startCommand } from '../support/process.ts';
import { sendRaw } from '../support/raw-request.ts';

/** Part of every text that a person could have written. Lower case, because the search ignores case. */
const canary = 'kanarienvogel';
const phone = '+4912345678909876';

interface RequestLine {
  readonly level: number;
  readonly requestId: string;
  readonly trace_id?: string;
  readonly operation: string;
  readonly method: string;
  readonly status: number;
  readonly durationMs: number;
  readonly principal: string;
  readonly code?: string;
}

const members = [
  'level',
  'time',
  'requestId',
  'trace_id',
  'operation',
  'method',
  'status',
  'durationMs',
].concat(['principal', 'code', 'msg']);

const person = {
  name: `${canary} name`,
  email: `${canary}@example.com`,
  externalId: `${canary}:1`,
  phone: phone.slice(0, 16),
  note: `${canary} note`,
  tags: [`${canary} tag`],
  metadata: { [canary]: `${canary} value` },
  address: { line1: `${canary} line`, city: canary, region: canary, postalCode: canary.slice(0, 20) },
};

const trace = '4bf92f3577b34da6a3ce929d0e0e4736';

/** The requests sent, by X-Request-Id, with the members their log line must have. */
type Expectation = Pick<RequestLine, 'operation' | 'method' | 'status'> & { traceId?: string; code?: string };

for (const engine of engines) {
  suite(`log [${engine}]`, () => {
    const cleanup = suiteCleanup();
    const expected = new Map<string, Expectation>();
    let exit: CommandExit;
    let lines: Record<string, unknown>[];
    before(async () => {
      exit = await liveAndDie(engine, expected, await freshDatabaseUrl(cleanup, engine));
      lines = exit.stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line));
    });
    const requestLines = () =>
      new Map(lines.filter(({ msg }) => msg === 'request').map((line) => [line.requestId, line]));

    test('has one JSON object per line, and the process exits cleanly', () => {
      assert.equal(exit.code, 0, exit.stderr);
      for (const line of lines) {
        assert.match(String(line.time), /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/);
        assert.equal(typeof line.level, 'number');
      }
    });

    test('has one line for each request, with its operation, method, status, code and trace', (t) => {
      const found = requestLines();
      for (const [requestId, { traceId, code, ...rest }] of expected) {
        const line = found.get(requestId);
        assert.ok(line, `no line for ${requestId}`);
        const { operation, method, status } = line;
        assert.deepEqual({ operation, method, status }, rest, requestId);
        assert.equal(line.code, code, requestId);
        assert.equal(line.trace_id, traceId, requestId);
        assert.equal(line.principal, 'anonymous');
        assert.ok(Number(line.durationMs) > 0);
        const unknown = Object.keys(line).filter((member) => !members.includes(member));
        assert.deepEqual(unknown, [], requestId);
      }
      assert.equal(
        lines.filter(({ msg }) => msg === 'request').length,
        found.size,
        'a request is logged twice',
      );
      t.diagnostic(`${expected.size} requests, ${lines.length} lines`);
    });

    test('contains no personal data, header or query', () => {
      const output = (exit.stdout + exit.stderr).toLowerCase();
      const base64 = Buffer.from(canary).toString('base64').slice(0, 12).toLowerCase();
      for (const secret of [canary, encodeURIComponent(canary), base64, person.phone.slice(1)]) {
        const at = output.indexOf(secret);
        assert.equal(at, -1, output.slice(Math.max(0, at - 300), at + 300));
      }
    });

    test('contains no SQL and no request path, even at level trace', () => {
      assert.doesNotMatch(exit.stdout, /\b(SELECT|INSERT|UPDATE|DELETE) [a-z*]/);
      assert.doesNotMatch(exit.stdout, /"\/customers/);
    });
  });
}

/** Starts the command, sends requests in which every text is a canary, and stops it. */
async function liveAndDie(
  engine: EngineName,
  expected: Map<string, Expectation>,
  databaseUrl: string,
): Promise<CommandExit> {
  const env = { PORT: '0', DATABASE_URL: databaseUrl, LOG_LEVEL: 'trace' };
  if (engine === 'postgres') assert.equal((await runCommand(['migrate'], { env })).code, 0);
  const command = await startCommand(['serve'], { env, ready: /"url":"(http:[^"]+)"/ });
  const url = command.match[1] ?? '';
  let count = 0;

  async function send(
    expectation: Expectation,
    path: string,
    body?: unknown,
    more: Record<string, string> = {},
  ) {
    const requestId = `${engine}-${++count}`;
    expected.set(requestId, expectation);
    const headers = {
      'X-Request-Id': requestId,
      'Content-Type': 'application/json',
      Authorization: `Bearer ${canary}`,
      Cookie: `session=${canary}`,
      Referer: `https://example.com/${canary}`,
      'User-Agent': canary,
      'X-Api-Key': canary,
      ...more,
    };
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const reply = await fetch(url + path, { method: expectation.method, headers, body: text ?? null });
    const answer = await reply.text();
    assert.equal(reply.status, expectation.status, answer);
    return answer ? JSON.parse(answer) : undefined;
  }
  const parent = { traceparent: `00-${trace}-00f067aa0ba902b7-01` };

  try {
    const create = { operation: 'createCustomer', method: 'POST' };
    const { id } = await send({ ...create, status: 201, traceId: trace }, '/customers', person, parent);
    const path = `/customers/${id}`;
    await send({ ...create, status: 409, code: 'email_taken' }, '/customers', person);
    const duplicate = { name: canary, externalId: person.externalId };
    await send({ ...create, status: 409, code: 'external_id_taken' }, '/customers', duplicate);
    await send({ ...create, status: 422, code: 'invalid_request' }, '/customers', { [canary]: canary });
    await send({ ...create, status: 422, code: 'invalid_request' }, '/customers', {
      name: canary,
      email: canary,
    });
    await send({ ...create, status: 422, code: 'invalid_request' }, '/customers', {
      name: `${canary}\u0000`,
    });
    await send({ ...create, status: 400, code: 'malformed_json' }, '/customers', `{"name":${canary}}`);
    await send({ ...create, status: 413, code: 'body_too_large' }, '/customers', canary.repeat(6000));
    const type = { 'Content-Type': `text/${canary}` };
    await send({ ...create, status: 415, code: 'unsupported_media_type' }, '/customers', canary, type);
    const key = { 'Idempotency-Key': canary };
    await send({ ...create, status: 201 }, '/customers', { name: canary }, key);
    await send({ ...create, status: 422, code: 'idempotency_key_reused' }, '/customers', { name: 'x' }, key);

    const get = { operation: 'getCustomer', method: 'GET' };
    for (const traceId of ['', '0'.repeat(32), trace.slice(1), trace.toUpperCase(), canary]) {
      const malformed = { traceparent: `00-${traceId}-00f067aa0ba902b7-01` };
      await send({ ...get, status: 200 }, path, undefined, malformed);
    }
    await send({ operation: 'getCustomer', method: 'HEAD', status: 200 }, path);
    await send({ ...get, status: 400, code: 'invalid_request' }, `/customers/${canary}`);
    await send({ ...get, status: 400, code: 'malformed_request' }, path, undefined, {
      'If-None-Match': canary,
    });
    await send({ ...get, status: 406, code: 'not_acceptable' }, path, undefined, {
      Accept: `text/${canary}`,
    });
    const list = { operation: 'listCustomers', method: 'GET' };
    await send({ ...list, status: 200 }, `/customers?email=${person.email}&tag=${canary}&sort=name`);
    await send({ ...list, status: 400, code: 'invalid_request' }, `/customers?${canary}=1`);
    await send({ ...list, status: 400, code: 'invalid_cursor' }, `/customers?cursor=${canary}`);
    await send({ ...list, status: 200 }, `/customers?q=${canary}`);
    await send({ ...list, status: 400, code: 'invalid_request' }, `/customers?q=${canary}&sort=name`);
    const { nextCursor } = await send({ ...list, status: 200 }, '/customers?limit=1&sort=name');
    await send({ ...list, status: 200 }, `/customers?limit=1&sort=name&cursor=${nextCursor}`);
    await send({ operation: 'replaceCustomer', method: 'PUT', status: 200 }, path, {
      ...person,
      note: canary,
    });
    const update = { operation: 'updateCustomer', method: 'PATCH' };
    await send({ ...update, status: 200 }, path, { tags: [canary] });
    await send(
      { ...update, status: 412, code: 'precondition_failed' },
      path,
      {},
      { 'If-Match': `"${canary}"` },
    );
    await send({ operation: 'deleteCustomer', method: 'DELETE', status: 204 }, path);
    await send({ operation: 'restoreCustomer', method: 'POST', status: 200 }, `${path}/restore`);
    await send({ operation: 'other', method: 'GET', status: 404, code: 'not_found' }, `/${canary}`);
    await send(
      { operation: 'other', method: 'GET', status: 400, code: 'malformed_request' },
      `/${canary}?%ff`,
    );
    await send(
      { operation: 'other', method: 'PUT', status: 405, code: 'method_not_allowed' },
      '/customers',
      person,
    );
    const longUrl = `/customers?x=${canary.repeat(1000)}`;
    await send({ operation: 'other', method: 'GET', status: 414, code: 'uri_too_long' }, longUrl);
    await sendRaw(url, `${canary}\r\n\r\n`);
    await sendRaw(url, `GET /${canary} HTTP/1.1\r\nHost: ${canary}\r\n${canary}\r\n\r\n`);
  } catch (failure) {
    await command.stop('SIGKILL');
    throw failure;
  }
  return await command.stop();
}
