/** Problems that prevent the start are explained in one line with advice, and nothing changes. */
import assert from 'node:assert/strict';
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { openSqlite } from '../../src/storage/sqlite/driver.ts';
import { afterwards } from '../support/cleanup.ts';
import { temporaryFolder } from '../support/folder-contents.ts';
import { runCommand, startCommand } from '../support/process.ts';
import { program } from '../support/program.ts';
import { mentions, refuses } from '../support/refusals.ts';

const listening = /"url":"(http:[^"]+)"/;
const nobody = 65_534;

async function migratedFile(context: TestContext): Promise<{ folder: string; url: string; file: string }> {
  const folder = await temporaryFolder(context);
  const file = join(folder, 'customers.db');
  const url = `sqlite:${file}`;
  const { code, stderr } = await runCommand(['migrate'], { cwd: folder, env: { DATABASE_URL: url } });
  assert.equal(code, 0, stderr);
  return { folder, url, file };
}

describe('customers serve refuses', () => {
  test('invalid settings, all in one message', async (context) => {
    const folder = await temporaryFolder(context);
    for (const command of ['serve', 'migrate'] as const) {
      await refuses(folder, {
        command,
        environment: { PORT: 'http', LOG_LEVEL: 'loud', DATABASE_URL: 'mysql://u:hunter2@db/c' },
        code: 78,
        message: /^Wrong settings:\n {2}PORT [^\n]+\n {2}DATABASE_URL [^\n]+\n {2}LOG_LEVEL [^\n]+\n$/,
      });
    }
  });

  test('a non-loopback address without AUTH', async (context) => {
    const folder = await temporaryFolder(context);
    await refuses(folder, {
      environment: { HOST: '0.0.0.0' },
      code: 78,
      message: /^Wrong settings:\n {2}AUTH must be set, because HOST=0\.0\.0\.0 [^\n]+AUTH=keys\n$/,
    });
  });

  test('a port that is in use', async (context) => {
    const { folder, url } = await migratedFile(context);
    const env = { HOST: '127.0.0.1', PORT: '0', DATABASE_URL: url };
    // The first start writes the database's secret; later starts write nothing.
    await (await startCommand(['serve'], { cwd: folder, env, ready: listening })).stop();
    const port = await takenPort(context);
    const environment = { DATABASE_URL: url, PORT: String(port) };
    await refuses(folder, { environment, message: new RegExp(`port ${port} is taken.*Set PORT`) });
    // Nor does it create a missing database.
    await refuses(await temporaryFolder(context), {
      environment: { PORT: String(port) },
      message: /is taken/,
    });
    await refuses(folder, {
      environment: { ...environment, DATABASE_URL: 'sqlite::memory:' },
      message: /is taken/,
    });
  });

  test('a host that is not this machine', async (context) => {
    const folder = await temporaryFolder(context);
    // 192.0.2.0/24 is reserved for documentation (RFC 5737), and .invalid never resolves (RFC 2606).
    for (const HOST of ['192.0.2.1', 'nowhere.invalid']) {
      await refuses(folder, {
        environment: { HOST, AUTH: 'off', DATABASE_URL: 'sqlite::memory:' },
        message: new RegExp(`HOST ${HOST} is not`),
      });
    }
  });

  test('a folder that cannot be created', async (context) => {
    const folder = await temporaryFolder(context);
    await writeFile(join(folder, 'file'), 'text');
    const file = join(folder, 'file', 'data', 'customers.db');
    for (const command of ['serve', 'migrate'] as const) {
      await refuses(folder, {
        command,
        environment: { DATABASE_URL: `sqlite:${file}` },
        message: mentions(file),
      });
    }
  });

  test('a folder given as the file', async (context) => {
    const folder = await temporaryFolder(context);
    await mkdir(join(folder, 'data'));
    const environment = { DATABASE_URL: `sqlite:${join(folder, 'data')}` };
    await refuses(folder, { environment, message: mentions(join(folder, 'data')) });
  });

  test('a folder without write permission', async (context) => {
    const folder = await temporaryFolder(context);
    await mkdir(join(folder, 'data'), { mode: 0o555 });
    const nodeArguments = asUnprivilegedUser();
    const environment = { DATABASE_URL: `sqlite:${join(folder, 'data', 'customers.db')}`, TMPDIR: tmpdir() };
    await chmod(folder, 0o755);
    const { code } = await runCommand(['--version'], { cwd: folder, env: environment, nodeArguments });
    if (code !== 0) return context.skip('this is root, and the user nobody cannot read the repository');
    await refuses(folder, { environment, nodeArguments, message: mentions(join(folder, 'data')) });
  });

  test('a file that is not a database', async (context) => {
    const folder = await temporaryFolder(context);
    const file = join(folder, 'notes.txt');
    await writeFile(file, 'Buy milk.\n'.repeat(1000));
    for (const command of ['serve', 'migrate'] as const) {
      await refuses(folder, {
        command,
        environment: { DATABASE_URL: `sqlite:${file}` },
        message: mentions(file),
      });
    }
  });

  test('a file of another application', async (context) => {
    const folder = await temporaryFolder(context);
    const file = join(folder, 'other.db');
    const engine = openSqlite({ file, timeoutMs: 1000 });
    await engine.knex.raw('PRAGMA journal_mode = DELETE');
    await engine.knex.raw('CREATE TABLE customers (name TEXT)');
    await engine.close();
    for (const command of ['serve', 'migrate'] as const) {
      await refuses(folder, {
        command,
        environment: { DATABASE_URL: `sqlite:${file}` },
        message: /tables of another application \(customers\)\. Set DATABASE_URL/,
      });
    }
  });

  test('a schema of a newer release', async (context) => {
    const { folder, url, file } = await migratedFile(context);
    const engine = openSqlite({ file, timeoutMs: 1000 });
    await engine
      .knex('schema_migrations')
      .insert({ name: '999-future', batch: 9, migration_time: new Date() });
    await engine.close();
    for (const command of ['serve', 'migrate'] as const) {
      await refuses(folder, {
        command,
        environment: { DATABASE_URL: url },
        message: /newer than this program .*999-future.*Run the newer release/,
      });
    }
  });

  test('a file that another process serves', async (context) => {
    const { folder, url, file } = await migratedFile(context);
    const env = { HOST: '127.0.0.1', PORT: '0', DATABASE_URL: url };
    const first = await startCommand(['serve'], { cwd: folder, env, ready: listening });
    afterwards(context, async () => void (await first.stop()));
    await refuses(folder, { environment: { DATABASE_URL: url }, message: mentions(file, String(first.pid)) });
    await symlink(file, join(folder, 'other-name.db'));
    const environment = { DATABASE_URL: `sqlite:${join(folder, 'other-name.db')}` };
    await refuses(folder, { environment, message: mentions(String(first.pid)) });
    const reply = await fetch(`${first.match[1]}/readyz`);
    assert.equal(reply.status, 200);
  });
});

async function takenPort(context: TestContext): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  afterwards(context, () => void server.close());
  return (server.address() as { port: number }).port;
}

/** Root may write everywhere, so the command first switches to another user. */
function asUnprivilegedUser(): readonly string[] {
  const code = `process.setgroups([]); process.setgid(${nobody}); process.setuid(${nobody});`;
  const drop = process.getuid?.() === 0 ? ['--import', `data:text/javascript,${code}`] : [];
  return [...drop, ...program];
}
