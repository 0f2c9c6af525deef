import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { afterwards } from '../support/cleanup.ts';
import { describeEngines, freshDatabaseUrl } from '../support/engines.ts';
import { contentsOf, temporaryFolder } from '../support/folder-contents.ts';
import { runCommand, startCommand } from '../support/process.ts';
import { refuses } from '../support/refusals.ts';

const listening = /"url":"(http:[^"]+)"/;

describeEngines('customers migrate', (engine) => {
  test('creates the schema once, and reports it', async (context) => {
    const cwd = await temporaryFolder(context);
    const env = { DATABASE_URL: await freshDatabaseUrl(context, engine) };
    const first = await runCommand(['migrate'], { cwd, env });
    assert.match(first.stdout, /^Applied 001-[\w-]+(, \d{3}-[\w-]+)*\.\n$/);
    assert.deepEqual([first.code, first.stderr], [0, '']);
    const second = await runCommand(['migrate'], { cwd, env });
    assert.deepEqual(second, { code: 0, signal: null, stdout: 'The schema is up to date.\n', stderr: '' });
    assert.deepEqual(contentsOf(cwd), {});
  });

  test('four at the same time create it once', async (context) => {
    const cwd = await temporaryFolder(context);
    const env = { DATABASE_URL: await freshDatabaseUrl(context, engine) };
    const runs = await Promise.all([1, 2, 3, 4].map(() => runCommand(['migrate'], { cwd, env })));
    const applied = runs.filter(({ stdout }) => stdout.startsWith('Applied'));
    assert.equal(applied.length, 1, JSON.stringify(runs));
    for (const { code, stderr } of runs) {
      // On a file the others may be refused, but always with a reason.
      if (code !== 0) assert.match(stderr, /^customers: another process[^\n]+\n$/);
    }
    if (engine === 'postgres')
      assert.deepEqual(
        runs.map(({ code }) => code),
        [0, 0, 0, 0],
      );
  });

  test('does nothing and causes no errors while a service runs', async (context) => {
    const cwd = await temporaryFolder(context);
    const env = { HOST: '127.0.0.1', PORT: '0', DATABASE_URL: await freshDatabaseUrl(context, engine) };
    await runCommand(['migrate'], { cwd, env });
    const service = await startCommand(['serve'], { cwd, env, ready: listening });
    afterwards(context, async () => void (await service.stop()));
    let running = true;
    const statuses: number[] = [];
    const writer = (async () => {
      while (running) statuses.push(await createCustomer(service.match[1] ?? ''));
    })();
    const { code, stdout, stderr } = await runCommand(['migrate'], { cwd, env });
    running = false;
    await writer;
    assert.deepEqual([code, stdout, stderr], [0, 'The schema is up to date.\n', '']);
    assert.ok(statuses.length > 0);
    assert.deepEqual(
      statuses.filter((status) => status !== 201),
      [],
    );
    context.diagnostic(`${statuses.length} customers created during the run, all 201`);
  });
});

test('customers migrate refuses sqlite::memory:, which no other process could see', async (context) => {
  const environment = { DATABASE_URL: 'sqlite::memory:' };
  const message = /nothing to migrate.*DATABASE_URL/;
  await refuses(await temporaryFolder(context), { command: 'migrate', environment, message });
});

test('customers migrate creates the default database readable by its owner only', async (context) => {
  const cwd = await temporaryFolder(context);
  assert.equal((await runCommand(['migrate'], { cwd })).code, 0);
  const modes = Object.entries(contentsOf(cwd)).map(([path, entry]) => `${path} ${entry.split(' ')[0]}`);
  assert.deepEqual(modes, [
    'data 700',
    `${join('data', 'customers.db')} 600`,
    `${join('data', 'customers.db.lock')} 600`,
  ]);
});

async function createCustomer(url: string): Promise<number> {
  const { status } = await fetch(`${url}/customers`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"name":"Ada"}',
  });
  return status;
}
