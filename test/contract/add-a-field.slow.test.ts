/**
 * Runs "Add a field" of CONTRIBUTING.md on a copy of the service, and starts the copy on a database of the
 * current release: stored data must have the new field everywhere, and the field must work.
 *
 * Planted, and each failed: snapshots rendered as stored (the feed, its stream and replays lack the field);
 * the migration missing from the list (the service refuses to start).
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Ajv } from 'ajv';
import { type Document, isMap, parseDocument, visit } from 'yaml';
import { afterwards, type Cleanup, suiteCleanup } from '../support/cleanup.ts';
import { describeEngines, migratedDatabaseUrl } from '../support/engines.ts';
import { temporaryFolder } from '../support/folder-contents.ts';
import { runCommand, startCommand } from '../support/process.ts';
import { startTestService } from '../support/service.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const copied = [
  'src',
  'generated',
  'scripts',
  'clients',
  'docs/page',
  'openapi.yaml',
  'LICENSE',
  'package.json',
  'tsconfig.json',
  'tsconfig.build.json',
];

/** The folder of the copy that has the field. */
let copy = '';
const whole = suiteCleanup();
before(async () => {
  copy = await temporaryFolder(whole);
  await copyRepository(copy);
  await addJobTitle(copy);
});

async function copyRepository(folder: string): Promise<void> {
  for (const name of copied) {
    await cp(join(repository, name), join(folder, name), { recursive: true }).catch((error) => {
      if (error.code !== 'ENOENT') throw error;
    });
  }
  await symlink(join(repository, 'node_modules'), join(folder, 'node_modules'));
}

/** The steps of CONTRIBUTING.md, and nothing else. */
async function addJobTitle(folder: string): Promise<void> {
  // 1. The contract.
  const contract = parseDocument(await readFile(join(folder, 'openapi.yaml'), 'utf8'));
  addToContract(contract);
  await writeFile(join(folder, 'openapi.yaml'), contract.toString({ lineWidth: 120 }));
  // 2. What is generated from it.
  await inFolder(folder, ['--import', 'tsx', 'scripts/generate.ts']);
  // 3. A migration, at the end of the list.
  await writeFile(
    join(folder, 'src/storage/migrations/042-job-title.ts'),
    `import type { Migration } from './migration.ts';

/** The job title of a customer. */
export const addJobTitle: Migration = {
  name: '042-job-title',
  async up(knex, { columnTypes: { text } }) {
    await knex.raw(\`ALTER TABLE customers ADD COLUMN job_title \${text}\`);
  },
};
`,
  );
  const migrator = join(folder, 'src/storage/migrations/migrator.ts');
  const source = await readFile(migrator, 'utf8');
  const listed = source
    .replace(/(export const migrations: readonly Migration\[\] = \[[^\]]*)\]/, '$1  addJobTitle,\n]')
    .replace(
      /^import type \{ Migration \}/m,
      "import { addJobTitle } from './042-job-title.ts';\nimport type { Migration }",
    );
  assert.notEqual(listed, source);
  await writeFile(migrator, listed);
  await inFolder(folder, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json']);
}

function addToContract(contract: Document): void {
  const schemas = ['components', 'schemas'];
  const reference = contract.createNode({ $ref: '#/components/schemas/JobTitle' });
  contract.setIn([...schemas, 'JobTitle'], {
    type: 'string',
    nullable: true,
    description: 'What the customer does for a living.',
    minLength: 1,
    maxLength: 100,
    pattern: '^[^\\x00]*$',
    example: 'Mathematician',
  });
  contract.addIn([...schemas, 'Customer', 'required'], 'jobTitle');
  for (const name of ['Customer', 'CustomerCreate', 'CustomerReplace', 'CustomerUpdate', 'CustomerImport']) {
    contract.setIn([...schemas, name, 'properties', 'jobTitle'], reference);
  }
  contract.setIn([...schemas, 'FieldChanges', 'properties', 'jobTitle'], {
    $ref: '#/components/schemas/TextChange',
  });
  // Every example of a complete customer.
  visit(contract, {
    Map(_, node) {
      const isCustomer = ['id', 'etag', 'version', 'deletedAt', 'metadata'].every((name) => node.has(name));
      if (isCustomer && !isMap(node.get('id'))) node.set('jobTitle', null);
    },
  });
}

async function inFolder(cwd: string, parameters: readonly string[]): Promise<void> {
  await promisify(execFile)(process.execPath, [...parameters], { cwd }).catch((failure) => {
    throw new Error(`node ${parameters.join(' ')} failed:\n${failure.stdout}${failure.stderr}`);
  });
}

/** Migrates the database and starts the copy. */
async function startCopy(cleanup: Cleanup, databaseUrl: string): Promise<string> {
  const nodeArguments = [join(copy, 'dist/main.js')];
  const env = { DATABASE_URL: databaseUrl, PORT: '0', LOG_LEVEL: 'info' };
  const migrated = await runCommand(['migrate'], { nodeArguments, env, cwd: copy });
  assert.equal(migrated.code, 0, migrated.stderr);
  const running = await startCommand(['serve'], {
    nodeArguments,
    env,
    cwd: copy,
    ready: /http:\/\/127\.0\.0\.1:\d+/,
  });
  afterwards(cleanup, async () => void (await running.stop()));
  return running.match[0];
}

describeEngines('a field added over an existing database', (engine) => {
  const cleanup = suiteCleanup();
  const keyed = {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'Idempotency-Key': 'before' },
  };
  const body = JSON.stringify({
    name: 'Ada',
    note: 'a jobTitle, "jobTitle":null',
    metadata: { jobTitle: 'not this one' },
  });
  let url = '';
  let id = '';
  let validateCustomer: (value: unknown) => void;

  before(async () => {
    const databaseUrl = await migratedDatabaseUrl(cleanup, engine);
    const old = await startTestService(cleanup, { engine, databaseUrl });
    const created = await fetch(`${old.url}/customers`, { ...keyed, body });
    id = ((await created.json()) as { id: string }).id;
    await old.call('PATCH', `/customers/${id}`, { body: { name: 'Ada Lovelace' } });
    const gone = (await old.call<{ id: string }>('POST', '/customers', { body: { name: 'Erased' } })).json;
    await old.call('POST', `/customers/${gone.id}/erase`);
    await old.stop();
    url = await startCopy(cleanup, databaseUrl);
    validateCustomer = await customerValidator();
  });

  const get = async <Body>(path: string): Promise<Body> => {
    const response = await fetch(url + path);
    assert.equal(response.status, 200, path);
    return (await response.json()) as Body;
  };

  test('customers, lists and exports have the field with an empty value', async () => {
    const customer = await get<StoredCustomer>(`/customers/${id}`);
    validateCustomer(customer);
    assert.equal(customer.jobTitle, null);
    for (const item of (await get<Page<unknown>>('/customers?includeDeleted=true')).items)
      validateCustomer(item);
    const lines = (await (await fetch(`${url}/customers/export`)).text()).trim().split('\n');
    assert.equal(lines.length, 1);
    for (const line of lines) validateCustomer(JSON.parse(line));
  });

  test('every stored event of the feed and of its stream has it with an empty value', async () => {
    const { items } = await get<Page<FeedItem>>('/changes');
    const images = items.flatMap(({ data }) => data?.customer ?? []);
    assert.equal(images.length, 2);
    for (const image of images) {
      validateCustomer(image);
      assert.equal(image.jobTitle, null);
      assert.equal(image.metadata.jobTitle, 'not this one');
    }
    assert.deepEqual(await streamed(items.length), items);
  });

  test('the history lists the old versions without a change of the field', async () => {
    const { items } = await get<Page<HistoryEntry>>(`/customers/${id}/history`);
    assert.equal(items.length, 2);
    for (const { changes } of items) assert.ok(changes && !('jobTitle' in changes));
  });

  test('replaying an old request returns the first answer plus the field', async () => {
    const repeated = await fetch(`${url}/customers`, { ...keyed, body });
    assert.deepEqual([repeated.status, repeated.headers.get('idempotency-replayed')], [201, 'true']);
    const customer = (await repeated.json()) as Record<string, unknown>;
    validateCustomer(customer);
    assert.deepEqual([customer.name, customer.version, customer.jobTitle], ['Ada', 1, null]);
  });

  test('the field can be set, changed, cleared, rejected, imported and recorded', async () => {
    const send = async (method: string, path: string, value: unknown, type = 'application/json') => {
      const sent = typeof value === 'string' ? value : JSON.stringify(value);
      const response = await fetch(url + path, { method, body: sent, headers: { 'Content-Type': type } });
      return { status: response.status, text: await response.text() };
    };
    const created = await send('POST', '/customers', { name: 'Grace', jobTitle: 'Admiral' });
    assert.equal(created.status, 201, created.text);
    const { id: graceId } = JSON.parse(created.text);
    const changed = await send('PATCH', `/customers/${graceId}`, { jobTitle: 'Programmer' });
    assert.equal(JSON.parse(changed.text).jobTitle, 'Programmer');
    const cleared = await send('PATCH', `/customers/${graceId}`, { jobTitle: null });
    assert.equal(JSON.parse(cleared.text).jobTitle, null);
    const refused = await send('PATCH', `/customers/${graceId}`, { jobTitle: 7 });
    assert.deepEqual([refused.status, JSON.parse(refused.text).errors[0].pointer], [422, '#/jobTitle']);
    const imported = await send('POST', '/customers/import', `id,jobTitle\n${graceId},Captain\n`, 'text/csv');
    assert.equal(JSON.parse(imported.text.trim()).status, 200, imported.text);
    const { items } = await get<Page<HistoryEntry>>(`/customers/${graceId}/history`);
    const recorded = items.flatMap(({ changes }) => changes?.jobTitle ?? []);
    assert.deepEqual(
      recorded.sort((one, other) => (String(one.after) < String(other.after) ? -1 : 1)),
      [
        { before: null, after: 'Admiral' },
        { before: null, after: 'Captain' },
        { before: 'Admiral', after: 'Programmer' },
        { before: 'Programmer', after: null },
      ],
    );
  });

  async function streamed(count: number): Promise<unknown[]> {
    const response = await fetch(`${url}/changes/stream`, { signal: AbortSignal.timeout(20_000) }).then(
      (reply) =>
        reply.status === 404
          ? fetch(`${url}/changes`, {
              headers: { Accept: 'text/event-stream' },
              signal: AbortSignal.timeout(20_000),
            })
          : reply,
    );
    let text = '';
    for await (const chunk of response.body ?? []) {
      text += Buffer.from(chunk).toString();
      const events = [...text.matchAll(/^data: (.*)\n\n/gm)].map(([, data = '']) => JSON.parse(data));
      if (events.length >= count) return events;
    }
    throw new Error(`The stream ended early: ${text}`);
  }
});

interface Page<Item> {
  readonly items: readonly Item[];
}

interface StoredCustomer {
  readonly jobTitle: string | null;
  readonly metadata: Readonly<Record<string, string>>;
}

interface FeedItem {
  readonly data: { readonly customer: StoredCustomer } | null;
}

interface HistoryEntry {
  readonly changes: { readonly jobTitle?: { readonly before: unknown; readonly after: unknown } } | null;
}

/** Validates values against the copy's schema of a customer. */
async function customerValidator(): Promise<(value: unknown) => void> {
  const document = JSON.parse(await readFile(join(copy, 'generated/openapi.json'), 'utf8'));
  const ajv = new Ajv({ strict: false, validateFormats: false });
  ajv.addSchema(document, 'contract');
  const validate = ajv.compile({ $ref: 'contract#/components/schemas/Customer' });
  return (value) => assert.ok(validate(value), JSON.stringify({ errors: validate.errors, value }));
}

suite('"Add a field" of CONTRIBUTING.md', () => {
  test('names each file that these steps change', async () => {
    const page = await readFile(join(repository, 'CONTRIBUTING.md'), 'utf8');
    const [, section = ''] = /## Add a field\n(.*?)\n## /s.exec(page) ?? [];
    for (const name of [
      'openapi.yaml',

      'npm run generate',
      'src/storage/migrations/042-job-title.ts',
      'src/storage/migrations/migrator.ts',
    ])
      assert.ok(section.includes(name), name);
  });
});
