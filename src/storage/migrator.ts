import type { Knex } from 'knex';
import type { Engine } from './engine.ts';
import type { Migration } from './migration.ts';
import { createCustomers } from './migrations/001-customers.ts';

/** Every step, oldest first. */
const migrations: readonly Migration[] = [createCustomers];

const tableName = 'schema_migrations';

/** How the database's schema stands to this code. */
export interface SchemaState {
  /** Steps that this code has and the database has not. */
  readonly pending: readonly string[];
  /** Steps that the database has and this code does not know: a newer release made them. */
  readonly unknown: readonly string[];
}

/** Looks, and touches nothing. */
export async function readSchemaState({ knex }: Pick<Engine, 'knex'>): Promise<SchemaState> {
  const exists = await knex.schema.hasTable(tableName);
  const done: string[] = exists ? await knex(tableName).pluck('name') : [];
  const known = migrations.map(({ name }) => name);
  return {
    pending: known.filter((name) => !done.includes(name)),
    unknown: done.filter((name) => !known.includes(name)),
  };
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
