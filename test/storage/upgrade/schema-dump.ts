import type { Engine } from '../../../src/storage/engine/engine.ts';
import { applyMigrations } from '../../../src/storage/migrations/migrator.ts';
import { select } from '../direct-engine.ts';

/** What makes the schema; what a migration asks, or brings along as rows, is not of it. */
const definition = /^\s*(CREATE|ALTER|DO \$\$|INSERT INTO customer_search_index)/i;

/** Tables that fill themselves, and the one with which Knex keeps two migrations apart. */
const derived = /^customer_search_index|^schema_migrations_lock$/;

/** Rows of these come first, for others refer to them. */
const order = ['customers'];

const trigrams = 'CREATE EXTENSION IF NOT EXISTS pg_trgm';

/** Applies every step to an empty database, and returns the statements that made its schema. */
export async function recordSchema(engine: Engine): Promise<string[]> {
  const statements: string[] = [];
  const record = ({ sql }: { readonly sql: string }) =>
    void (definition.test(sql) && statements.push(sql.trim()));
  if (engine.dialect.name === 'postgres') await engine.knex.raw(trigrams);
  engine.knex.on('query', record);
  await applyMigrations(engine);
  engine.knex.off('query', record);
  return engine.dialect.name === 'postgres' ? [trigrams, ...statements] : statements;
}

/** Every row of every table as statements of the database's own SQL. */
export async function dumpRows(engine: Engine): Promise<string[]> {
  const { dialect } = engine;
  const columns = await select<{ table: string; column: string }>(engine, dialect.listColumns);
  const tables = [...new Set(columns.map(({ table }) => table))].filter((table) => !derived.test(table));
  tables.sort((one, other) => order.indexOf(other) - order.indexOf(one));
  const statements: string[] = [];
  for (const table of tables) {
    const names = columns.filter((each) => each.table === table).map(({ column }) => column);
    const list = names.map((name) => `CAST(${name} AS text) AS ${name}`).join(', ');
    const overriding = dialect.name === 'postgres' ? ' OVERRIDING SYSTEM VALUE' : '';
    for (const row of await select<Record<string, string | null>>(engine, `SELECT ${list} FROM ${table}`)) {
      const values = names.map((name) => literal(row[name] ?? null)).join(', ');
      statements.push(`INSERT INTO ${table} (${names.join(', ')})${overriding} VALUES (${values})`);
    }
  }
  return dialect.name === 'postgres' ? [...statements, ...sequences] : statements;
}

/** The next row comes after those that were put in with their numbers. */
const sequences = Object.entries({ customers: 'ordinal', schema_migrations: 'id' }).map(
  ([table, column]) =>
    `SELECT setval(pg_get_serial_sequence('${table}', '${column}'), max(${column})) FROM ${table}`,
);

function literal(value: string | null): string {
  return value === null ? 'NULL' : `'${value.replaceAll("'", "''")}'`;
}
