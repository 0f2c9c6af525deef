/** Refused requests in the log and metrics of a real process: reason, key and network. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mintKey } from '../../src/authentication/api-key.ts';
import { refusalReasons } from '../../src/domain/authentication.ts';
import { bearer, keyMaker, until } from '../support/credentials.ts';
import { describeEngines, freshDatabaseUrl } from '../support/engines.ts';
import { runCommand, startCommand } from '../support/process.ts';

const canary = 'kanarienvogel';

interface Expected {
  readonly reason: string | undefined;
  readonly principal: string;
  readonly status: number;
  readonly keyId?: string;
}

describeEngines('audit', (engine) => {
  test('a refusal is logged and counted by its reason, without secrets or personal data', async (context) => {
    const env = {
      PORT: '0',
      DATABASE_URL: await freshDatabaseUrl(context, engine),
      LOG_LEVEL: 'trace',
      AUTH: 'keys',
      TRUST_PROXY: '1',
    };
    assert.equal((await runCommand(['migrate'], { env })).code, 0);
    const command = await startCommand(['serve'], { env, ready: /"url":"(http:[^"]+)"/ });
    const url = command.match[1] ?? '';
    const maker = keyMaker(context, env.DATABASE_URL);
    const reader = await maker.create(['customers:read'], { name: 'reader' });
    const revoked = await maker.create(['customers:read']);
    await maker.store.revoke(revoked.id, new Date().toISOString());
    const past = new Date(Date.now() - 1000).toISOString();
    const expired = await maker.create(['customers:read'], { expiresAt: past });
    const unknown = mintKey().text;

    const expected = new Map<string, Expected>();
    async function send(
      expectation: Expected,
      headers: Record<string, string>,
      method = 'GET',
      path = '/customers',
    ) {
      const requestId = `audit-${expected.size}`;
      expected.set(requestId, expectation);
      const forwarded = {
        'X-Forwarded-For': '203.0.113.77',
        'User-Agent': canary,
        'X-Request-Id': requestId,
      };
      const reply = await fetch(url + path, { method, headers: { ...forwarded, ...headers } });
      assert.equal(reply.status, expectation.status, await reply.text());
    }

    let metrics = '';
    try {
      await until(
        async () =>
          (await fetch(`${url}/customers`, { headers: bearer(expired.text) }).then((r) => r.text())).includes(
            'expired',
          ),
        10_000,
      );
      const nobody = { principal: 'anonymous', status: 401 };
      await send({ ...nobody, reason: 'missing' }, {}, 'GET', `/${canary}?access_token=${reader.text}`);
      await send({ ...nobody, reason: 'malformed' }, { Authorization: `Basic ${canary}` });
      await send({ ...nobody, reason: 'unsupported' }, bearer(canary));
      await send(
        { ...nobody, reason: 'key_mistyped' },
        bearer(reader.text.replace(/.$/, (last) => (last === '0' ? '1' : '0'))),
      );
      await send({ ...nobody, reason: 'key_unknown' }, bearer(unknown));
      await send({ ...nobody, reason: 'key_revoked', keyId: revoked.id }, bearer(revoked.text));
      await send({ ...nobody, reason: 'key_expired', keyId: expired.id }, bearer(expired.text));
      await send(
        { reason: 'missing_scope', principal: 'reader', status: 403 },
        bearer(reader.text),
        'DELETE',
        `/customers/${canary}`,
      );
      await send({ reason: undefined, principal: 'reader', status: 200 }, bearer(reader.text));
      metrics = await (await fetch(`${url}/metrics`)).text();
    } finally {
      const { stdout, stderr } = await command.stop();
      const lines = stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line));
      for (const [requestId, { reason, principal, status, keyId }] of expected) {
        const line = lines.find((each) => each.requestId === requestId);
        const logged = {
          reason: line?.reason,
          principal: line?.principal,
          status: line?.status,
          keyId: line?.keyId,
        };
        assert.deepEqual(logged, { reason, principal, status, keyId }, requestId);
        assert.equal(line.network, reason && '203.0.113.0/24', requestId);
      }
      for (const secret of [
        canary,
        '203.0.113.77',
        reader.text,
        reader.text.slice(23, 60),
        unknown,
        unknown.slice(10, 22),
      ]) {
        assert.ok(!(stdout + stderr + metrics).toLowerCase().includes(secret), `${secret} is in the output`);
      }
    }
    const counted = [...metrics.matchAll(/^http_requests_refused_total\{reason="(\w+)"\} (\d+)$/gm)];
    for (const [, reason = ''] of counted)
      assert.ok((refusalReasons as readonly string[]).includes(reason), reason);
    for (const { reason } of expected.values()) {
      if (reason)
        assert.ok(
          counted.some(([, name]) => name === reason),
          `${reason} is not counted`,
        );
    }
    context.diagnostic(`${expected.size} requests, ${counted.length} reasons`);
  });
});
