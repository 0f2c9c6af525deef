import type { Engine } from '../../../src/storage/engine/engine.ts';
import { applyMigrations } from '../../../src/storage/migrations/migrator.ts';
import { select } from '../direct-engine.ts';

/** Statements that define the schema, unlike queries and rows of a migration. */
const definition = /^\s*(CREATE|ALTER|DO \$\$|INSERT INTO customer_search_index)/i;

/** Tables that fill themselves, and Knex's migration lock. */
const derived = /^customer_search_index|^schema_migrations_lock$/;

/** Tables whose rows come first, because others refer to them. */
const order = ['customers'];

const trigrams = 'CREATE EXTENSION IF NOT EXISTS pg_trgm';

/** Applies every migration to an empty database, and returns the statements that created the schema. */
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

/** Every row of every table as statements in the database's own SQL. */
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

/** Continues each sequence after the rows inserted with explicit numbers. */
const sequences = Object.entries({ customers: 'ordinal', schema_migrations: 'id' }).map(
  ([table, column]) =>
    `SELECT setval(pg_get_serial_sequence('${table}', '${column}'), max(${column})) FROM ${table}`,
);

function literal(value: string | null): string {
  return value === null ? 'NULL' : `'${value.replaceAll("'", "''")}'`;
}
