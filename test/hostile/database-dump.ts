import type { Engine } from '../../src/storage/engine/engine.ts';
import { select } from '../storage/direct-engine.ts';

/** Rows of every table as text, sorted, by the table's name, and the schema under `(schema)`. */
export type DatabaseDump = Readonly<Record<string, readonly string[]>>;

/** Dumps the whole database. */
export async function dumpDatabase(engine: Engine): Promise<DatabaseDump> {
  const sqlite = engine.dialect.name === 'sqlite';
  const schema = await select<{ name: string }>(engine, sqlite ? sqliteSchema : postgresSchema);
  const tables = await select<{ name: string }>(engine, sqlite ? sqliteTables : postgresTables);
  const dump: Record<string, readonly string[]> = { '(schema)': schema.map((row) => JSON.stringify(row)) };
  for (const { name } of tables) {
    const rows = await select<object>(engine, `SELECT * FROM "${name}"`);
    dump[name] = rows.map((row) => JSON.stringify(row)).sort();
  }
  return dump;
}

const sqliteSchema = 'SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name';
const sqliteTables = `SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name`;
const postgresTables =
  "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY table_name";
/** Columns, indexes, roles and functions of the service. */
const postgresSchema = `
  SELECT table_name || '.' || column_name || ' ' || data_type AS name FROM information_schema.columns
    WHERE table_schema = 'public'
  UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
  UNION ALL SELECT rolname || rolsuper FROM pg_roles
  UNION ALL SELECT proname FROM pg_proc JOIN pg_namespace ON pg_namespace.oid = pronamespace WHERE nspname = 'public'
  ORDER BY 1`;
