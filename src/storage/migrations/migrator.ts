import { setTimeout as pause } from 'node:timers/promises';
import type { Knex } from 'knex';
import type { Engine } from '../engine/engine.ts';
import { StorageProblem } from '../errors.ts';
import type { Dialect } from '../sql/dialect.ts';
import { createCustomers } from './001-customers.ts';
import { addFeedHorizon } from './002-feed-horizon.ts';
import { createSearch } from './003-search.ts';
import { createErasures } from './004-erasures.ts';
import { createApiKeys } from './006-api-keys.ts';
import { createSchemaCompatibility } from './007-schema-compatibility.ts';
import type { Migration } from './migration.ts';

/** Every step, oldest first. */
export const migrations: readonly Migration[] = [
  createCustomers,
  addFeedHorizon,
  createSearch,
  createErasures,
  createApiKeys,
  createSchemaCompatibility,
];

const tableName = 'schema_migrations';

/** It is there while `customers move` fills the database, and until it has verified what it moved. */
export const moveMark = 'unfinished_move';

/** How the database's schema stands to this code. */
export interface SchemaState {
  /** Steps that this code has and the database has not. */
  readonly pending: readonly string[];
  /** Steps of a newer release, after which this code can serve as before. */
  readonly newer: readonly string[];
  /** Steps that this code does not know and cannot serve after. */
  readonly unknown: readonly string[];
  /** Whether the database is being moved to, and is not whole yet. */
  readonly incomplete: boolean;
}

/**
 * Looks, and touches nothing.
 * @param steps what this code knows.
 * @throws StorageProblem as {@link checkIsOurs}.
 */
export async function readSchemaState(
  { read, dialect }: Pick<Engine, 'read' | 'dialect'>,
  steps: readonly Migration[] = migrations,
): Promise<SchemaState> {
  const look = <Row>(sql: string) => read((session) => session.run<Row>(sql, []));
  const tables = (await look<{ name: string }>(dialect.listTables)).map(({ name }) => name);
  checkIsOurs(tables, dialect.name);
  const from = <Row>(table: string) =>
    tables.includes(table) ? look<Row>(`SELECT * FROM ${table}`) : Promise.resolve([]);
  const done = (await from<{ name: string }>(tableName)).map(({ name }) => name);
  const known = new Set(steps.map(({ name }) => name));
  const strange = done.filter((name) => !known.has(name));
  const promises =
    strange.length > 0 ? await from<{ step: string; served_since: string }>('schema_compatibility') : [];
  const served = new Set(
    promises.filter((promise) => known.has(promise.served_since)).map(({ step }) => step),
  );
  return {
    pending: [...known].filter((name) => !done.includes(name)),
    newer: strange.filter((name) => served.has(name)),
    unknown: strange.filter((name) => !served.has(name)),
    incomplete: tables.includes(moveMark),
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

/** How often a step is tried that does not get its locks, for requests go before it. */
const attemptsMax = 30;
const retryMs = 1000;

/**
 * Applies what is pending, each step in a transaction of its own. The caller holds the lock that keeps every
 * other migration away (SQLite: the file's; PostgreSQL: an advisory lock), and it dies with its process:
 * so a lock row that a crashed run left in Knex's own table is stale by now, and is removed.
 * @returns the names of the applied steps.
 */
export async function applyMigrations(
  { knex, dialect }: Engine,
  steps: readonly Migration[] = migrations,
): Promise<readonly string[]> {
  const config: Knex.MigratorConfig = {
    tableName,
    migrationSource: {
      getMigrations: async () => [...steps],
      getMigrationName: (step: Migration) => step.name,
      getMigration: async (step: Migration) => ({
        up: (transaction: Knex) => apply(step, transaction, dialect),
        down: () => Promise.reject(new Error('A migration is not undone: restore a backup instead.')),
        config: { transaction: !step.outsideTransaction },
      }),
    },
  };
  const applied: string[] = [];
  for (let attempt = 1; ; attempt += 1) {
    await knex.migrate.forceFreeMigrationsLock(config);
    try {
      // One at a time, so that those before one that has to wait are known.
      const [, names] = (await knex.migrate.up(config)) as [number, string[]];
      if (names.length === 0) return applied;
      applied.push(...names);
      attempt = 0;
    } catch (error) {
      if (dialect.errorMeaning(error) !== 'locked' || attempt === attemptsMax) throw error;
      await pause(retryMs);
    }
  }
}

async function apply(step: Migration, knex: Knex, dialect: Dialect): Promise<void> {
  if (dialect.boundLocks !== '' && !step.outsideTransaction) await knex.raw(dialect.boundLocks);
  await step.up(knex, dialect);
  if (step.servedSince === undefined) return;
  await knex('schema_compatibility')
    .insert({ step: step.name, served_since: step.servedSince })
    .onConflict('step')
    .ignore();
}
