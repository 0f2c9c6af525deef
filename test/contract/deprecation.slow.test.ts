/**
 * Responses announce what the contract marks as deprecated. Nothing is deprecated at present, so the service
 * runs with a changed contract.
 *
 * Planted, and each failed: milliseconds instead of seconds, the deprecated parameter ignored, the link lost
 * when there is one to the next page.
 */
import assert from 'node:assert/strict';
import { cp, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type DeprecationMarkers, deprecationHeaders } from '../../src/contract/deprecation.ts';
import { afterwards, type Cleanup } from '../support/cleanup.ts';
import { temporaryFolder } from '../support/folder-contents.ts';
import { startCommand } from '../support/process.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const since = '2027-01-15T00:00:00Z';
const until = '2027-07-15T00:00:00Z';
const marks = { deprecated: true, 'x-deprecated-at': since, 'x-sunset-at': until };
const expected = {
  deprecation: `@${Date.UTC(2027, 0, 15) / 1000}`,
  sunset: 'Thu, 15 Jul 2027 00:00:00 GMT',
  link: '</docs#/Customers/listCustomers>; rel="deprecation"; type="text/html"',
};

describe('deprecation markers', () => {
  const headersOf = (markers: DeprecationMarkers) => deprecationHeaders('it', markers, '/docs');

  test('become headers', () => {
    assert.equal(headersOf({}), undefined);
    assert.equal(headersOf({ deprecated: false }), undefined);
    const link = '</docs>; rel="deprecation"; type="text/html"';
    assert.deepEqual(headersOf({ deprecated: true, 'x-deprecated-at': since }), {
      Deprecation: expected.deprecation,
      Link: link,
    });
    assert.deepEqual(headersOf(marks), {
      Deprecation: expected.deprecation,
      Sunset: expected.sunset,
      Link: link,
    });
  });

  test('that contradict each other prevent the start', () => {
    const wrong: DeprecationMarkers[] = [
      { deprecated: true },
      { deprecated: true, 'x-sunset-at': until },
      { 'x-deprecated-at': since },
      { 'x-sunset-at': until },
      { ...marks, 'x-deprecated-at': '2027-02-30T00:00:00' },
      { ...marks, 'x-deprecated-at': 'soon' },
      { ...marks, 'x-sunset-at': '2027-01-14T23:59:59Z' },
    ];
    for (const markers of wrong)
      assert.throws(() => headersOf(markers), /^Error: it /, JSON.stringify(markers));
  });
});

describe('a contract with deprecated parts', () => {
  test('every response to them says so, errors and HEAD included, and no other does', async (context) => {
    const url = await serveChangedContract(context, (contract) => {
      Object.assign(contract.paths['/customers']?.get ?? {}, marks);
      const create = contract.paths['/customers']?.post as { parameters: object[] };
      const parameter = {
        name: 'old',
        in: 'query',
        description: 'Old.',
        schema: { type: 'string' },
        ...marks,
      };
      create.parameters.push(parameter);
    });
    for (const body of ['{"name":"Ada"}', '{"name":"Grace"}']) {
      const created = await send(url, 'POST', '/customers', body);
      assert.equal(created.status, 201);
      assert.deepEqual(markersOf(created), { deprecation: null, sunset: null, link: null });
    }
    for (const [method, path, status] of [
      ['GET', '/customers', 200],
      ['HEAD', '/customers', 200],
      ['GET', '/customers?limit=0', 400],
    ] as const) {
      const reply = await send(url, method, path);
      assert.equal(reply.status, status);
      assert.deepEqual(markersOf(reply), expected, `${method} ${path}`);
    }
    const page = await send(url, 'GET', '/customers?limit=1');
    const links = page.headers.get('link') ?? '';
    assert.ok(links.startsWith(`${expected.link}, <`) && links.endsWith('rel="next"'), links);

    const withParameter = await send(url, 'POST', '/customers?old=x', '{"name":"Ida"}');
    assert.equal(withParameter.status, 201);
    const link = expected.link.replace('listCustomers', 'createCustomer');
    assert.deepEqual(markersOf(withParameter), { ...expected, link });
  });
});

interface Contract {
  readonly paths: Readonly<Record<string, Readonly<Record<string, object>>>>;
}

/** The current program with a changed contract. */
async function serveChangedContract(cleanup: Cleanup, change: (contract: Contract) => void): Promise<string> {
  const folder = await temporaryFolder(cleanup);
  for (const name of ['src', 'generated', 'package.json', 'openapi.yaml', 'docs/page']) {
    await cp(join(root, name), join(folder, name), { recursive: true });
  }
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
  const file = join(folder, 'generated/openapi.json');
  const contract = JSON.parse(await readFile(file, 'utf8')) as Contract;
  change(contract);
  await writeFile(file, JSON.stringify(contract));
  const service = await startCommand(['serve'], {
    nodeArguments: ['--import', import.meta.resolve('tsx'), join(folder, 'src/main.ts')],
    env: { PORT: '0', DATABASE_URL: 'sqlite::memory:' },
    ready: /"url":"(http:[^"]+)"/,
  });
  afterwards(cleanup, async () => void (await service.stop()));
  return service.match[1] ?? '';
}

async function send(url: string, method: string, path: string, body?: string): Promise<Response> {
  const response = await fetch(url + path, {
    method,
    ...(body ? { body, headers: { 'Content-Type': 'application/json' } } : {}),
  });
  await response.arrayBuffer();
  return response;
}

const markersOf = ({ headers }: Response) => ({
  deprecation: headers.get('deprecation'),
  sunset: headers.get('sunset'),
  link: headers.get('link'),
});
