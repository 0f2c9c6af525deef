import type { Knex } from 'knex';
import type { Dialect } from './dialect.ts';
import type { Engine } from './engine.ts';
import type { Migration } from './migration.ts';
import { createCustomers } from './migrations/001-customers.ts';
import { addFeedHorizon } from './migrations/002-feed-horizon.ts';
import { createSearch } from './migrations/003-search.ts';
import { createErasures } from './migrations/004-erasures.ts';
import { createApiKeys } from './migrations/006-api-keys.ts';
import { StorageProblem } from './storage-problem.ts';

/** Every step, oldest first. */
const migrations: readonly Migration[] = [
  createCustomers,
  addFeedHorizon,
  createSearch,
  createErasures,
  createApiKeys,
];

const tableName = 'schema_migrations';

/** How the database's schema stands to this code. */
export interface SchemaState {
  /** Steps that this code has and the database has not. */
  readonly pending: readonly string[];
  /** Steps that the database has and this code does not know: a newer release made them. */
  readonly unknown: readonly string[];
}

/**
 * Looks, and touches nothing.
 * @throws StorageProblem as {@link checkIsOurs}.
 */
export async function readSchemaState({
  read,
  dialect,
}: Pick<Engine, 'read' | 'dialect'>): Promise<SchemaState> {
  const tables = await read((session) => session.run<{ name: string }>(dialect.listTables, []));
  const names = tables.map(({ name }) => name);
  checkIsOurs(names, dialect.name);
  const migrated = names.includes(tableName);
  const sql = `SELECT name FROM ${tableName}`;
  const rows = migrated ? await read((session) => session.run<{ name: string }>(sql, [])) : [];
  const done = rows.map(({ name }) => name);
  const known = migrations.map(({ name }) => name);
  return {
    pending: known.filter((name) => !done.includes(name)),
    unknown: done.filter((name) => !known.includes(name)),
  };
}

/**
 * A file is for one application; a server's schema may hold others' tables, but for those with our names.
 * @throws StorageProblem for a database that holds another application's tables where ours would stand.
 */
export function checkIsOurs(tables: readonly string[], engine: Dialect['name']): void {
  if (tables.includes(tableName)) return;
  const foreign = tables.filter((table) => engine === 'sqlite' || table === 'customers');
  if (foreign.length === 0) return;
  throw new StorageProblem(
    `the database holds tables of another application (${foreign.slice(0, 3).join(', ')}). Set DATABASE_URL to an empty one.`,
  );
}

/**
 * Applies what is pending, each step in a transaction of its own. The caller holds the lock that keeps every
 * other migration away (SQLite: the file's; PostgreSQL: an advisory lock), and it dies with its process:
 * so a lock row that a crashed run left in Knex's own table is stale by now, and is removed.
 * @returns the names of the applied steps.
 */
export async function applyMigrations({ knex, dialect }: Engine): Promise<readonly string[]> {
  const config: Knex.MigratorConfig = {
    tableName,
    migrationSource: {
      getMigrations: async () => [...migrations],
      getMigrationName: (migration: Migration) => migration.name,
      getMigration: async (migration: Migration) => ({
        up: (transaction: Knex) => migration.up(transaction, dialect),
        down: () => Promise.reject(new Error('A migration is not undone: restore a backup instead.')),
      }),
    },
  };
  await knex.migrate.forceFreeMigrationsLock(config);
  const [, applied] = (await knex.migrate.latest(config)) as [number, string[]];
  return applied;
}
