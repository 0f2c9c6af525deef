/** A backup can be taken while the service runs, is verified, and restores the same state. */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { afterwards } from '../support/cleanup.ts';
import { contentsOf, temporaryFolder } from '../support/folder-contents.ts';
import { type RunningCommand, runCommand, startCommand } from '../support/process.ts';

const listening = /"url":"(http:[^"]+)"/;

async function serve(context: TestContext, cwd: string): Promise<RunningCommand & { readonly url: string }> {
  const service = await startCommand(['serve'], { cwd, env: { PORT: '0' }, ready: listening });
  afterwards(context, async () => void (await service.stop()));
  return { ...service, url: service.match[1] ?? '' };
}

async function create(url: string, name: string): Promise<number> {
  const body = JSON.stringify({ name, email: `${name}@example.com` });
  const headers = { 'content-type': 'application/json' };
  return (await fetch(`${url}/customers`, { method: 'POST', headers, body })).status;
}

async function list(url: string): Promise<string> {
  return await (await fetch(`${url}/customers?limit=100`)).text();
}

describe('customers backup and restore', () => {
  test('a backup taken under write load contains every write acknowledged before it began', async (context) => {
    const cwd = await temporaryFolder(context);
    const service = await serve(context, cwd);
    for (let index = 0; index < 20; index += 1) await create(service.url, `before${index}`);
    const before = JSON.parse(await list(service.url)).items as { readonly id: string }[];
    let writing = true;
    const statuses: number[] = [];
    const writers = [0, 1, 2, 3].map(async (writer) => {
      while (writing) statuses.push(await create(service.url, `w${writer}n${statuses.length}`));
    });
    const { code, stdout, stderr } = await runCommand(['backup', 'copy.db'], { cwd });
    writing = false;
    await Promise.all(writers);
    assert.deepEqual([code, stderr], [0, ''], stderr);
    assert.match(
      stdout,
      /^Backed up [\d,]+ customers \(feed position \d+, [\d.]+ MB\) to copy\.db\. [^\n]+\n$/,
    );
    assert.deepEqual([...new Set(statuses)], [201], 'writes continue during the backup');
    assert.match(contentsOf(cwd)['copy.db'] ?? '', /^600 /);

    await service.stop();
    const elsewhere = await temporaryFolder(context);
    const restored = await runCommand(['restore', join(cwd, 'copy.db')], { cwd: elsewhere });
    assert.deepEqual([restored.code, restored.stderr], [0, '']);
    const second = await serve(context, elsewhere);
    for (const { id } of before) assert.equal((await fetch(`${second.url}/customers/${id}`)).status, 200);
    context.diagnostic(
      `${statuses.length} writes during the backup; ${before.length} of ${before.length} restored`,
    );
  });

  test('a restore keeps ids, versions, cursors and the file that it replaces', async (context) => {
    const cwd = await temporaryFolder(context);
    const first = await serve(context, cwd);
    for (const name of ['ada', 'grace', 'ida']) await create(first.url, name);
    const listed = await list(first.url);
    const page = (await (await fetch(`${first.url}/customers?limit=1`)).json()) as { nextCursor: string };
    assert.equal((await runCommand(['backup', 'copy.db'], { cwd })).code, 0);
    await create(first.url, 'later');
    await first.stop();

    const refused = await runCommand(['restore', 'copy.db'], { cwd });
    assert.deepEqual([refused.code, refused.stdout], [1, '']);
    assert.match(refused.stderr, /^customers: [^\n]+--replace[^\n]+\n$/);
    const { code, stdout } = await runCommand(['restore', 'copy.db', '--replace'], { cwd });
    assert.equal(code, 0);
    const [, kept = ''] = /What was there is now (\S+)\. /.exec(stdout) ?? [];
    const second = await serve(context, cwd);
    assert.equal(await list(second.url), listed);
    const next = await fetch(`${second.url}/customers?limit=1&cursor=${page.nextCursor}`);
    assert.equal(next.status, 200, 'an earlier cursor still works');
    await second.stop();

    const env = { DATABASE_URL: `sqlite:${kept}` };
    const again = await runCommand(['backup', 'kept.db'], { cwd, env });
    assert.match(again.stdout, /^Backed up 4 customers /);
  });

  test('a restore is refused while a service uses the file', async (context) => {
    const cwd = await temporaryFolder(context);
    const { url } = await serve(context, cwd);
    await create(url, 'ada');
    assert.equal((await runCommand(['backup', 'copy.db'], { cwd })).code, 0);
    const { code, stderr } = await runCommand(['restore', 'copy.db', '--replace'], { cwd });
    assert.equal(code, 1);
    assert.match(stderr, /^customers: another process \(pid \d+\) serves [^\n]+\n$/);
    assert.equal(await create(url, 'grace'), 201);
  });

  test('a damaged file, a file that is not a database and an existing target are refused, and nothing changes', async (context) => {
    const cwd = await temporaryFolder(context);
    const service = await serve(context, cwd);
    for (let index = 0; index < 200; index += 1) await create(service.url, `customer${index}`);
    await service.stop();
    assert.equal((await runCommand(['backup', 'copy.db'], { cwd })).code, 0);
    const bytes = await readFile(join(cwd, 'copy.db'));
    await writeFile(join(cwd, 'damaged.db'), bytes.fill(0xa5, bytes.length / 2, bytes.length / 2 + 8192));
    await writeFile(join(cwd, 'text.db'), 'not a database');
    await writeFile(join(cwd, 'empty.db'), '');
    const before = contentsOf(cwd);
    const refusals: readonly (readonly [string[], RegExp])[] = [
      [['backup', 'copy.db'], /copy\.db is there already/],
      [['backup', join('nowhere', 'copy.db')], /cannot write nowhere/],
      [['restore', 'missing.db', '--replace'], /there is no backup missing\.db/],
      [['restore', 'text.db', '--replace'], /text\.db is not a SQLite database/],
      [['restore', 'empty.db', '--replace'], /empty\.db is not a database of this service/],
      [['restore', 'damaged.db', '--replace'], /damaged\.db is damaged/],
    ];
    for (const [args, message] of refusals) {
      const { code, stdout, stderr } = await runCommand(args, { cwd });
      assert.deepEqual([code, stdout], [1, ''], args.join(' '));
      assert.match(stderr, message);
      assert.match(stderr, /^customers: [^\n]+\n$/, 'one line');
    }
    assert.deepEqual(contentsOf(cwd), before);
  });

  test('databases with their own backup tools say so', async (context) => {
    const cwd = await temporaryFolder(context);
    for (const [url, message] of [
      ['postgres://nobody@127.0.0.1:1/none', /pg_basebackup/],
      ['sqlite::memory:', /temporary database/],
      ['sqlite:./none.db', /no database file .*none\.db/],
    ] as const) {
      const { code, stderr } = await runCommand(['backup', 'copy.db'], { cwd, env: { DATABASE_URL: url } });
      assert.equal(code, 1);
      assert.match(stderr, message);
    }
    assert.deepEqual(contentsOf(cwd), {});
  });
});
