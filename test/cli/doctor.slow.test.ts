/** The doctor reports what it checks, finds planted damage, and changes nothing. */
import assert from 'node:assert/strict';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { describe, type TestContext, test } from 'node:test';
import pg from 'pg';
import { afterwards } from '../support/cleanup.ts';
import { describeEngines, type EngineName, freshDatabaseUrl } from '../support/engines.ts';
import { contentsOf, temporaryFolder } from '../support/folder-contents.ts';
import { runCommand, startCommand } from '../support/process.ts';

interface Examined {
  readonly code: number | null;
  /** The report on each subject, with its mark. */
  readonly findings: ReadonlyMap<string, string>;
  readonly summary: string;
}

async function examine(cwd: string, databaseUrl: string): Promise<Examined> {
  const { code, stdout, stderr } = await runCommand(['doctor'], { cwd, env: { DATABASE_URL: databaseUrl } });
  assert.equal(stderr, '');
  const lines = stdout.trimEnd().split('\n');
  const findings = lines.slice(0, -1).map((line): [string, string] => {
    const [, mark = '', subject = '', text = ''] = /^(ok|warning|FAULT) +([^:]+): (.+)$/.exec(line) ?? [];
    assert.ok(mark, line);
    return [subject, `${mark} ${text}`];
  });
  return { code, findings: new Map(findings), summary: lines.at(-1) ?? '' };
}

async function migrated(context: TestContext, engine: EngineName) {
  const cwd = await temporaryFolder(context);
  const url = await freshDatabaseUrl(context, engine);
  const { code, stderr } = await runCommand(['migrate'], { cwd, env: { DATABASE_URL: url } });
  assert.equal(code, 0, stderr);
  return { cwd, url, file: url.replace('sqlite:', '') };
}

describeEngines('customers doctor', (engine) => {
  test('reports a fresh database as sound, also while a service runs', async (context) => {
    const { cwd, url } = await migrated(context, engine);
    const env = { HOST: '127.0.0.1', PORT: '0', DATABASE_URL: url };
    const service = await startCommand(['serve'], { cwd, env, ready: /"url":"(http:[^"]+)"/ });
    afterwards(context, async () => void (await service.stop()));
    const headers = { 'content-type': 'application/json' };
    const body = '{"name":"Ada"}';
    const created = await fetch(`${service.match[1]}/customers`, { method: 'POST', headers, body });
    assert.equal(created.status, 201);
    const { code, findings, summary } = await examine(cwd, url);
    assert.equal(code, 0);
    assert.match(summary, /^0 faults, [01] warnings\.$/);
    assert.equal(findings.get('schema'), 'ok up to date');
    assert.equal(findings.get('feed'), 'ok position 1');
    if (engine === 'sqlite')
      assert.match(findings.get('service') ?? '', /another process \(pid \d+\) serves/);
    else assert.match(findings.get('durability') ?? '', /^warning no synchronous standby/);
    context.diagnostic([...findings.keys()].join(', '));
  });
});

describe('customers doctor finds', () => {
  test('a damaged file', async (context) => {
    const { cwd, url, file } = await migrated(context, 'sqlite');
    const bytes = await readFile(file);
    await writeFile(file, bytes.fill(0xa5, 16_384, 20_480));
    const { code, findings } = await examine(cwd, url);
    assert.equal(code, 1);
    assert.match(findings.get('integrity') ?? '', /^FAULT .*(damaged|malformed)/);
  });

  test('a file that other users can read', async (context) => {
    const { cwd, url, file } = await migrated(context, 'sqlite');
    await chmod(file, 0o644);
    const { code, findings } = await examine(cwd, url);
    assert.equal(code, 0);
    assert.match(findings.get('access') ?? '', /^warning .*chmod 600/);
  });

  test('a missing file, and creates none', async (context) => {
    const cwd = await temporaryFolder(context);
    const { code, findings } = await examine(cwd, 'sqlite:./none.db');
    assert.equal(code, 1);
    assert.match(findings.get('database') ?? '', /^FAULT there is no .*none\.db yet/);
    assert.deepEqual(contentsOf(cwd), {});
  });

  test('an unreachable server', async (context) => {
    const { code, findings } = await examine(
      await temporaryFolder(context),
      'postgres://nobody@127.0.0.1:1/none',
    );
    assert.equal(code, 1);
    assert.match(findings.get('database') ?? '', /^FAULT .*ECONNREFUSED/);
  });

  test('an outdated schema, a feed without its last entry, and a clock that went back', async (context) => {
    const { cwd, url } = await migrated(context, 'postgres');
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    afterwards(context, () => client.end());
    await client.query(`DELETE FROM schema_migrations WHERE name = '001-customers'`);
    await client.query('UPDATE feed_head SET position = 7');
    await client.query(`INSERT INTO changes (position, customer_id, version, kind, source, at, actor, request_id)
      VALUES (6, gen_random_uuid(), 1, 'created', 'api', '2999-01-01T00:00:00.000Z', 'a', 'r')`);
    const { code, findings } = await examine(cwd, url);
    assert.equal(code, 1);
    assert.match(findings.get('schema') ?? '', /^warning lacks 001-customers\. Run: customers migrate/);
    assert.match(findings.get('feed') ?? '', /^FAULT its head is 7 and its last entry 6/);
    assert.match(findings.get('time of the last change') ?? '', /^warning .*2999/);
  });
});
