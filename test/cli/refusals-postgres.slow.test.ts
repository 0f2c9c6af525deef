/** Problems of a shared database are explained in one line, and nothing in the database changes. */
import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { describe, test } from 'node:test';
import { openPostgres } from '../../src/storage/postgres/driver.ts';
import { freshDatabaseUrl } from '../support/engines.ts';
import { temporaryFolder } from '../support/folder-contents.ts';
import { runCommand } from '../support/process.ts';
import { mentions, refuses } from '../support/refusals.ts';

const commands = ['serve', 'migrate'] as const;

describe('customers on PostgreSQL refuses', () => {
  test('a server that cannot be reached', async (context) => {
    const folder = await temporaryFolder(context);
    const unreachable = [
      `postgres://u:hunter2@127.0.0.1:${await closedPort()}/c`,
      'postgres://u:hunter2@nowhere.invalid/c',
    ];
    for (const url of unreachable) {
      for (const command of commands) {
        await refuses(folder, {
          command,
          environment: { DATABASE_URL: url },
          message: mentions('cannot reach the database', new URL(url).hostname, 'DATABASE_URL'),
        });
      }
    }
  });

  test('a server that is not PostgreSQL', async (context) => {
    const folder = await temporaryFolder(context);
    const server = createServer((socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    context.after(() => server.close());
    const { port } = server.address() as { port: number };
    const environment = { DATABASE_URL: `postgres://u:hunter2@127.0.0.1:${port}/c` };
    await refuses(folder, { environment, message: mentions('cannot', 'the database') });
  });

  test('a database, user or password that the server rejects', async (context) => {
    const folder = await temporaryFolder(context);
    const url = await freshDatabaseUrl(context, 'postgres');
    const changed = (change: (url: URL) => void) => {
      const other = new URL(url);
      change(other);
      return other.href;
    };
    const wrong: readonly (readonly [string, RegExp])[] = [
      [changed((other) => (other.pathname = '/nowhere')), mentions('nowhere', 'DATABASE_URL')],
      [changed((other) => (other.username = 'nobody')), mentions('nobody', 'DATABASE_URL')],
      [changed((other) => (other.password = 'hunter2')), mentions('password', 'DATABASE_URL')],
    ];
    for (const [databaseUrl, message] of wrong) {
      assert.notEqual(databaseUrl, url);
      await refuses(folder, { environment: { DATABASE_URL: databaseUrl }, message });
    }
  });

  test('a schema that is not migrated', async (context) => {
    const folder = await temporaryFolder(context);
    const url = await freshDatabaseUrl(context, 'postgres');
    await refuses(folder, {
      environment: { DATABASE_URL: url },
      message: /not up to date\. Run: .*customers.* migrate/,
    });
    assert.deepEqual(await tablesOf(url), []);
  });

  test('a schema of a newer release', async (context) => {
    const folder = await temporaryFolder(context);
    const url = await freshDatabaseUrl(context, 'postgres');
    const environment = { DATABASE_URL: url };
    assert.equal((await runCommand(['migrate'], { env: environment })).code, 0);
    await withDatabase(url, (engine) =>
      engine.knex('schema_migrations').insert({ name: '999-future', batch: 9, migration_time: new Date() }),
    );
    const before = await tablesOf(url);
    for (const command of commands) {
      await refuses(folder, { command, environment, message: /newer than this program .*999-future/ });
    }
    assert.deepEqual(await tablesOf(url), before);
  });
});

async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function withDatabase<Result>(
  url: string,
  work: (engine: ReturnType<typeof openPostgres>) => PromiseLike<Result>,
): Promise<Result> {
  const engine = openPostgres({ url, readerConnections: 1, timeoutMs: 5000 });
  try {
    return await work(engine);
  } finally {
    await engine.close();
  }
}

/** Every table of the service with its number of rows. */
function tablesOf(url: string): Promise<string[]> {
  return withDatabase(url, async ({ knex }) => {
    const tables = await knex('pg_tables')
      .where({ schemaname: 'public' })
      .orderBy('tablename')
      .pluck('tablename');
    return Promise.all(
      tables.map(async (table) => {
        const [row] = await knex(table).count({ rows: '*' });
        return `${table}: ${row?.rows}`;
      }),
    );
  });
}
