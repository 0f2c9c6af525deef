/**
 * Runs nginx and Caddy with their committed files in front of two instances on PostgreSQL.
 *
 * Planted, and each failed: gzip on, X-Forwarded-For appended, /metrics among the paths, proxy_buffering on
 * for /changes, proxy_request_buffering on for the import, non_idempotent left out, proxy_next_upstream off,
 * no limit_req.
 */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:https';
import { createInterface } from 'node:readline';
import { before, describe, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { loadConfig } from '../../src/config/config.ts';
import { operationsById } from '../../src/contract/operations.ts';
import { systemPaths } from '../../src/http/routes/system.ts';
import { migrate } from '../../src/storage/open.ts';
import { suiteCleanup } from '../support/cleanup.ts';
import { allScopes, bearer, keyMaker } from '../support/credentials.ts';
import { freshDatabaseUrl } from '../support/engines.ts';
import { byTier } from '../support/tier.ts';
import { type Instance, startInstance, startInstances, untilServing } from './gateway-instances.ts';
import { type Kind, startLoad } from './gateway-load.ts';
import { type Gateway, type GatewayName, startGateway, without } from './gateway-process.ts';

/** Requests between two events; many more in the soak. */
const requestsBetween = byTier({ full: 60, soak: 2000 });

/** Requests that each retries when an instance dies: Caddy does not keep a body it has sent. */
const repeated: Readonly<Record<GatewayName, readonly Kind[]>> = {
  nginx: ['list', 'get', 'post', 'put'],
  caddy: ['list', 'get'],
};

describe('gateways in front of two instances', { skip: without('nginx') && without('caddy') }, () => {
  const cleanup = suiteCleanup();
  const gateways: Gateway[] = [];
  let databaseUrl: string;
  let instances: [Instance, Instance];
  let key: Record<string, string>;

  before(async () => {
    databaseUrl = await freshDatabaseUrl(cleanup, 'postgres');
    await migrate(loadConfig({ DATABASE_URL: databaseUrl }).database);
    key = bearer((await keyMaker(cleanup, databaseUrl).create(allScopes)).text);
    instances = await startInstances(cleanup, databaseUrl);
  });

  for (const name of ['nginx', 'caddy'] as const)
    describe(name, { skip: without(name) }, () => {
      let gateway: Gateway;
      before(async () => {
        gateway = await startGateway(cleanup, name, [instances[0].port, instances[1].port], 100_000);
        gateways.push(gateway);
      });

      test('forwards every operation and nothing else, with unchanged responses', async (t) => {
        const paths = new Set(
          [...operationsById.values()].map(({ path }) => path.replaceAll(/\{\w+\}/g, 'x')),
        );
        for (const path of paths) assert.equal((await gateway.call('GET', path)).status, 401, path);
        for (const path of systemPaths.filter((each) => each !== '/metrics'))
          assert.equal((await gateway.call('GET', path)).status, 200, path);
        const unknown = [
          '/metrics',
          '/metrics/',
          '//metrics',
          '/',
          '/customers/',
          '/Customers',
          '/admin',
          '/customers/x/y',
        ];
        for (const path of unknown) {
          const { status, headers, text } = await gateway.call('GET', path);
          assert.deepEqual([status, headers['content-type']], [404, 'application/problem+json'], path);
          assert.equal(JSON.parse(text).code, 'not_found');
        }
        const created = await gateway.call(
          'POST',
          '/customers',
          { ...key, 'X-Request-Id': 'ours-1' },
          '{"name":"Ada"}',
        );
        assert.equal(created.status, 201, created.text);
        assert.equal(created.headers['x-request-id'], 'ours-1');
        assert.match(String(created.headers['strict-transport-security']), /^max-age=\d+$/);
        const accepting = { ...key, 'Accept-Encoding': 'gzip' };
        const read = await gateway.call('GET', String(created.headers.location), accepting);
        assert.deepEqual([read.status, read.headers.etag], [200, '"1"'], 'a strong tag must stay strong');
        const again = { ...accepting, 'If-None-Match': '"1"' };
        assert.equal((await gateway.call('GET', String(created.headers.location), again)).status, 304);
        const refused = await gateway.call('POST', '/customers', key, '{"name":1}');
        assert.deepEqual([refused.status, JSON.parse(refused.text).errors[0].pointer], [422, '#/name']);
        t.diagnostic(`${paths.size} paths of the contract, ${unknown.length} others`);
      });

      test("413 above the service's limit, and an import of any length line by line", async () => {
        const big = JSON.stringify({ name: 'x'.repeat(65_536) });
        const refused = await gateway.call('POST', '/customers', key, big);
        assert.deepEqual([refused.status, JSON.parse(refused.text).code], [413, 'body_too_large']);
        const headers = { ...key, 'Content-Type': 'application/x-ndjson' };
        const upload = request({
          host: 'localhost',
          port: gateway.port,
          agent: gateway.agent,
          method: 'POST',
          path: '/customers/import',
          headers,
        });
        upload.write('{"name":"The first line"}\n');
        // Caddy 2.6 starts an HTTP/1.1 response only after the whole body has arrived.
        if (name === 'caddy') upload.end();
        const [reply] = await once(upload, 'response');
        const lines = createInterface(reply)[Symbol.asyncIterator]();
        assert.equal(JSON.parse((await lines.next()).value).line, 1, 'a result while the upload continues');
        upload.end();
        const line = `${JSON.stringify({ name: 'One of many', note: 'x'.repeat(1000) })}\n`;
        const all = await gateway.call('POST', '/customers/import', headers, line.repeat(100));
        assert.equal(all.text.trim().split('\n').length, 100);
      });

      test('a change reaches a stream as it happens', async () => {
        const headers = { ...key, Accept: 'text/event-stream' };
        const stream = request({
          host: 'localhost',
          port: gateway.port,
          agent: gateway.agent,
          path: '/changes?after=latest',
          headers,
        }).end();
        const [reply] = await once(stream, 'response');
        assert.equal(reply.statusCode, 200);
        const lines = createInterface(reply)[Symbol.asyncIterator]();
        const { headers: created } = await gateway.call('POST', '/customers', key, '{"name":"Seen at once"}');
        let line = '';
        while (!line.startsWith('data:')) line = String((await lines.next()).value);
        assert.ok(line.includes(String(created.location).split('/').at(-1) ?? 'none'));
        stream.destroy();
      });

      test('TLS 1.2 and 1.3, and nothing older', async () => {
        const connect = async (version: 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3') => {
          const limits = { minVersion: version, maxVersion: version, ciphers: 'DEFAULT@SECLEVEL=0' };
          const socket = connectTls({
            host: 'localhost',
            port: gateway.port,
            servername: 'localhost',
            ca: gateway.certificate,
            ...limits,
          });
          const shaken = await once(socket, 'secureConnect').then(
            () => true,
            () => false,
          );
          socket.destroy();
          return shaken;
        };
        assert.deepEqual(
          [await connect('TLSv1.1'), await connect('TLSv1.2'), await connect('TLSv1.3')],
          [false, true, true],
        );
      });

      test('no repeatable request fails when an instance stops, nor when one is killed', async (t) => {
        const [one, other] = instances;
        const load = startLoad(gateway, key, repeated[name]);
        await load.more(requestsBetween);
        assert.equal((await one.running.stop('SIGTERM')).code, 0);
        await load.more(requestsBetween);
        one.running = await startInstance(databaseUrl, one.port);
        // The gateway avoids it for another two seconds; stop the other one only then.
        await untilServing(one);
        await other.running.stop('SIGKILL');
        await load.more(requestsBetween);
        other.running = await startInstance(databaseUrl, other.port);
        await untilServing(other);
        const { answered, failures, acknowledged } = await load.end();
        t.diagnostic(
          `${answered} answered, ${failures.length} failed, ${acknowledged.length} created with a key`,
        );
        assert.deepEqual([failures.length, ...failures.slice(0, 3)], [0]);
        const { text } = await gateway.call('GET', '/customers/export', key);
        const names = text
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line).name as string);
        for (const each of acknowledged)
          assert.equal(names.filter((found) => found === each).length, 1, each);
      });
    });

  test('a forged client address is ignored, and no log contains a query', async () => {
    const forged = { 'X-Forwarded-For': '203.0.113.7', Forwarded: 'for=203.0.113.7' };
    const query = '/customers?email=canary%40example.com';
    for (const gateway of gateways) assert.equal((await gateway.call('GET', query, forged)).status, 401);
    const logs = await Promise.all(instances.map(async ({ running }) => (await running.stop()).stdout));
    const refusals = logs
      .join('')
      .split('\n')
      .filter((line) => line.includes('"network"'));
    assert.ok(refusals.length >= gateways.length);
    for (const line of refusals) assert.equal(JSON.parse(line).network, '127.0.0.0/24');
    for (const gateway of gateways) {
      const unanswered = await gateway.call('GET', query, key);
      assert.deepEqual([unanswered.status, JSON.parse(unanswered.text).code], [503, 'unavailable']);
      assert.match(String(unanswered.headers['retry-after']), /^\d+$/);
      assert.ok(!gateway.log().includes('canary'), 'a gateway has logged a query');
    }
  });
});
