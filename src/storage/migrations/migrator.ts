import { setTimeout as pause } from 'node:timers/promises';
import type { Knex } from 'knex';
import type { Engine } from '../engine/engine.ts';
import { StorageError } from '../errors.ts';
import type { Dialect } from '../sql/dialect.ts';
import { createCustomers } from './001-customers.ts';
import { addFeedHorizon } from './002-feed-horizon.ts';
import { createSearch } from './003-search.ts';
import { createErasures } from './004-erasures.ts';
import { createApiKeys } from './006-api-keys.ts';
import { createSchemaCompatibility } from './007-schema-compatibility.ts';
import type { Migration } from './migration.ts';

/** Every migration, oldest first. */
export const migrations: readonly Migration[] = [
  createCustomers,
  addFeedHorizon,
  createSearch,
  createErasures,
  createApiKeys,
  createSchemaCompatibility,
];

const tableName = 'schema_migrations';

/** Exists while `customers move` fills the database, until it has verified the copy. */
export const unfinishedMoveTable = 'unfinished_move';

/** How a database's schema compares with this program's migrations. */
export interface SchemaState {
  /** Migrations that the database lacks. */
  readonly pending: readonly string[];
  /** Migrations of a newer release that is compatible with this program. */
  readonly newer: readonly string[];
  /** Migrations that this program does not know and cannot serve on. */
  readonly unknown: readonly string[];
  /** Whether `customers move` has not completed the database. */
  readonly incomplete: boolean;
}

/**
 * Reads the state of the schema. Changes nothing.
 * @param steps the migrations of this program.
 * @throws StorageError as {@link assertOwnTables}.
 */
export async function readSchemaState(
  { read, dialect }: Pick<Engine, 'read' | 'dialect'>,
  steps: readonly Migration[] = migrations,
): Promise<SchemaState> {
  const query = <Row>(sql: string) => read((session) => session.run<Row>(sql, []));
  const tables = (await query<{ name: string }>(dialect.listTables)).map(({ name }) => name);
  assertOwnTables(tables, dialect);
  const allOf = <Row>(table: string) =>
    tables.includes(table) ? query<Row>(`SELECT * FROM ${table}`) : Promise.resolve([]);
  const applied = (await allOf<{ name: string }>(tableName)).map(({ name }) => name);
  const known = new Set(steps.map(({ name }) => name));
  const unexpected = applied.filter((name) => !known.has(name));
  const compatibility =
    unexpected.length > 0 ? await allOf<{ step: string; served_since: string }>('schema_compatibility') : [];
  const compatible = new Set(
    compatibility.filter((row) => known.has(row.served_since)).map(({ step }) => step),
  );
  return {
    pending: [...known].filter((name) => !applied.includes(name)),
    newer: unexpected.filter((name) => compatible.has(name)),
    unknown: unexpected.filter((name) => !compatible.has(name)),
    incomplete: tables.includes(unfinishedMoveTable),
  };
}

/** @throws StorageError when tables of another application are where this program's tables would be created. */
export function assertOwnTables(tables: readonly string[], { sharesSchema }: Dialect): void {
  if (tables.includes(tableName)) return;
  const foreign = tables.filter((table) => !sharesSchema || table === 'customers');
  if (foreign.length === 0) return;
  throw new StorageError(
    `the database holds tables of another application (${foreign.slice(0, 3).join(', ')}). Set DATABASE_URL to an empty one.`,
  );
}

/** How often a migration is tried that cannot get its locks, because requests hold them. */
const attemptsMax = 30;
const retryMs = 1000;

/**
 * Applies pending migrations, each in its own transaction. The caller holds a lock against concurrent migrations that
 * ends with its process, so a row in Knex's own lock table is left over from a crash and is removed.
 * @returns the names of the applied migrations.
 */
export async function applyMigrations(
  { knex, dialect }: Engine,
  steps: readonly Migration[] = migrations,
): Promise<readonly string[]> {
  const config = migratorConfig(steps, dialect);
  const applied: string[] = [];
  for (let attempt = 1; ; attempt += 1) {
    await knex.migrate.forceFreeMigrationsLock(config);
    try {
      // `up` applies one at a time, so that those applied before a lock timeout are known.
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

function migratorConfig(steps: readonly Migration[], dialect: Dialect): Knex.MigratorConfig {
  return {
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
}

async function apply(step: Migration, knex: Knex, dialect: Dialect): Promise<void> {
  if (dialect.limitLockWait !== '' && !step.outsideTransaction) await knex.raw(dialect.limitLockWait);
  await step.up(knex, dialect);
  if (step.servedSince === undefined) return;
  await knex('schema_compatibility')
    .insert({ step: step.name, served_since: step.servedSince })
    .onConflict('step')
    .ignore();
}
