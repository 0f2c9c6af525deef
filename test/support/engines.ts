import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe } from 'node:test';
import pg from 'pg';
import { loadConfig } from '../../src/config/config.ts';
import { migrate } from '../../src/storage/open.ts';
import { afterwards, type Cleanup } from './cleanup.ts';
import { type PostgresCluster, startPostgresCluster } from './postgres-cluster.ts';

export type EngineName = 'sqlite' | 'postgres';

/** Every database that the service supports; each behaviour is tested on both. */
export const engines: readonly EngineName[] = ['sqlite', 'postgres'];

/** Defines a suite for each engine: `title [sqlite]` and `title [postgres]`. */
export function describeEngines(title: string, define: (engine: EngineName) => void): void {
  for (const engine of engines) describe(`${title} [${engine}]`, () => define(engine));
}

/** The DATABASE_URL of a new, empty database that is removed afterwards. */
export function freshDatabaseUrl(cleanup: Cleanup, engine: EngineName): Promise<string> {
  return engine === 'sqlite' ? freshSqliteUrl(cleanup) : freshPostgresUrl(cleanup);
}

async function freshSqliteUrl(cleanup: Cleanup): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'customers-test-sqlite-'));
  afterwards(cleanup, () => rm(folder, { recursive: true, force: true }));
  return `sqlite:${join(folder, 'customers.db')}`;
}

/** Like {@link freshDatabaseUrl}, but migrated; on PostgreSQL a copy of a template, which is much faster. */
export async function migratedDatabaseUrl(cleanup: Cleanup, engine: EngineName): Promise<string> {
  if (engine === 'postgres') return freshPostgresUrl(cleanup, await findTemplate());
  const url = await freshSqliteUrl(cleanup);
  await migrate(loadConfig({ DATABASE_URL: url }).database);
  return url;
}

async function freshPostgresUrl(cleanup: Cleanup, template = 'template1'): Promise<string> {
  const clusterUrl = await findClusterUrl();
  const name = `test_${randomBytes(8).toString('hex')}`;
  await execute(clusterUrl, `CREATE DATABASE ${name} TEMPLATE ${template}`);
  afterwards(cleanup, () => execute(clusterUrl, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));
  const url = new URL(clusterUrl);
  url.pathname = `/${name}`;
  return url.href;
}

let template: Promise<string> | undefined;

function findTemplate(): Promise<string> {
  template ??= findClusterUrl().then(makeTemplate);
  return template;
}

/** The processes of a run share one template, which the first of them creates and the runner removes. */
async function makeTemplate(clusterUrl: string): Promise<string> {
  const name = process.env.TEST_TEMPLATE ?? `template_${randomBytes(8).toString('hex')}`;
  const client = new pg.Client({ connectionString: clusterUrl });
  await client.connect();
  try {
    await client.query('SELECT pg_advisory_lock(hashtext($1))', [name]);
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
    if (rowCount === 0) {
      const url = new URL(clusterUrl);
      url.pathname = `/${name}_unfinished`;
      await client.query(`CREATE DATABASE ${name}_unfinished`);
      await migrate(loadConfig({ DATABASE_URL: url.href }).database);
      await client.query(`ALTER DATABASE ${name}_unfinished RENAME TO ${name}`);
    }
  } finally {
    await client.end();
  }
  return name;
}

async function execute(clusterUrl: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: clusterUrl });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

let ownCluster: Promise<PostgresCluster> | undefined;

/** The runner's cluster; a file run alone starts its own on first use. */
async function findClusterUrl(): Promise<string> {
  if (process.env.TEST_DATABASE_URL) return process.env.TEST_DATABASE_URL;
  ownCluster ??= startPostgresCluster();
  return (await ownCluster).url;
}

// Registered when the file is loaded: inside a test it would belong to that test.
after(async () => (await ownCluster)?.stop());
