/**
 * The docs page, the contract and the API catalog, which never change while the service runs.
 *
 * Planted, and each failed: a digest of the uncompressed bytes, If-None-Match ignored, the page without its
 * own security policy, the catalog's Link only for GET.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { get } from 'node:http';
import { before, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { docsPaths } from '../../src/http/routes/docs.ts';
import { suiteCleanup } from '../support/cleanup.ts';
import { describeEngines } from '../support/engines.ts';
import { startTestService, type TestService } from '../support/service.ts';

const catalogPath = '/.well-known/api-catalog';
const fixedPaths = ['/openapi.yaml', '/openapi.json', catalogPath, ...docsPaths];

describeEngines('docs page, contract and catalog', (engine) => {
  const cleanup = suiteCleanup();
  let service: TestService;
  before(async () => {
    service = await startTestService(cleanup, { engine });
  });

  test('200 with the digest and tag of the exact bytes, compressed or not; 304 for a matching tag', async (t) => {
    for (const path of fixedPaths) {
      const tags = new Set<string>();
      for (const coding of ['identity', 'gzip']) {
        const reply = await bytesOf(service.url + path, { 'Accept-Encoding': coding });
        assert.equal(reply.status, 200, path);
        const digest = createHash('sha256').update(reply.bytes).digest('base64');
        assert.equal(reply.headers['repr-digest'], `sha-256=:${digest}:`, `${path} ${coding}`);
        assert.equal(reply.headers['cache-control'], 'private, no-cache');
        const packed = reply.headers['content-encoding'] === 'gzip';
        if (packed) assert.ok(gunzipSync(reply.bytes).length > 1000);
        const { etag = '' } = reply.headers;
        tags.add(etag);
        const again = await bytesOf(service.url + path, { 'Accept-Encoding': coding, 'If-None-Match': etag });
        assert.equal(again.status, 304, path);
        assert.equal(again.headers.etag, etag);
        assert.equal(again.bytes.length, 0);
        const other = await bytesOf(service.url + path, { 'If-None-Match': '"other"' });
        assert.equal(other.status, 200, path);
      }
      const { headers } = await bytesOf(service.url + path, { 'Accept-Encoding': 'gzip' });
      assert.equal(tags.size, headers['content-encoding'] ? 2 : 1, path);
    }
    t.diagnostic(`${fixedPaths.length} paths`);
  });

  test('400 for a malformed If-None-Match', async () => {
    const { status } = await service.call('GET', '/docs', { headers: { 'If-None-Match': 'x' } });
    assert.equal(status, 400);
  });

  test("the page's policy forbids inline scripts, inline styles and eval; scripts declare UTF-8", async () => {
    const { headers } = await bytesOf(`${service.url}/docs`);
    assert.equal(headers['content-type'], 'text/html; charset=utf-8');
    const policy = String(headers['content-security-policy']);
    for (const part of [
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "frame-ancestors 'none'",
    ]) {
      assert.ok(policy.includes(part), policy);
    }
    assert.doesNotMatch(policy, /unsafe|https?:|\*/);
    for (const path of docsPaths.filter((each) => each.endsWith('.js'))) {
      const script = await bytesOf(service.url + path);
      assert.equal(script.headers['content-type'], 'text/javascript; charset=utf-8', path);
      assert.equal(script.headers['content-security-policy'], "default-src 'none'; frame-ancestors 'none'");
    }
  });

  test('the catalog links to the contract, the docs and the health of the API', async (t) => {
    const reply = await service.call<Linkset>('GET', catalogPath);
    const type = 'application/linkset+json; profile="https://www.rfc-editor.org/info/rfc9727"';
    assert.equal(reply.headers.get('content-type'), type);
    const [catalog, api] = reply.json.linkset;
    const item = (catalog?.item as Link[] | undefined)?.[0]?.href ?? '';
    assert.equal(api?.anchor, item);
    const links = [
      ...(api?.['service-desc'] ?? []),
      ...(api?.['service-doc'] ?? []),
      ...(api?.status ?? []),
    ] as Link[];
    assert.equal(links.length, 4);
    for (const { href, type: expected } of [...links, { href: item, type: 'application/json' }]) {
      const target = await fetch(new URL(href, service.url + catalogPath));
      assert.equal(target.status, 200, href);
      assert.ok(target.headers.get('content-type')?.startsWith(expected), href);
      await target.arrayBuffer();
    }
    const head = await service.call('HEAD', catalogPath);
    assert.equal(head.status, 200);
    assert.match(head.headers.get('link') ?? '', /rel="api-catalog".*<\/customers>; rel="item"/);
    assert.equal(head.headers.get('link'), reply.headers.get('link'));
    t.diagnostic(`${links.length} links followed`);
  });
});

interface Link {
  readonly href: string;
  readonly type: string;
}

interface Linkset {
  readonly linkset: readonly Readonly<Record<string, string | readonly Link[]>>[];
}

/** Uses node:http, because fetch decompresses the response. */
function bytesOf(url: string, headers: Readonly<Record<string, string>> = {}) {
  return new Promise<{
    status: number | undefined;
    headers: Record<string, string | undefined>;
    bytes: Buffer;
  }>((resolve, reject) => {
    get(url, { headers, agent: false }, async (response) => {
      const bytes = Buffer.concat(await response.toArray());
      const { statusCode: status } = response;
      resolve({ status, headers: response.headers as Record<string, string | undefined>, bytes });
    }).on('error', reject);
  });
}
