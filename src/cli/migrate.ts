import type { Config } from '../config/config.ts';
import { migrate } from '../storage/open.ts';

/** Brings the schema up to date and tells which steps that took. */
export async function migrateSchema(config: Config): Promise<void> {
  const applied = await migrate(config.database);
  const outcome = applied.length > 0 ? `Applied ${applied.join(', ')}.` : 'The schema is up to date.';
  process.stdout.write(`${outcome}\n`);
}
