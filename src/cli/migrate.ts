import type { Config } from '../config/config.ts';
import { migrate } from '../storage/open.ts';

/** Applies pending migrations and prints their names. */
export async function migrateSchema(config: Config): Promise<void> {
  const applied = await migrate(config.database);
  const outcome = applied.length > 0 ? `Applied ${applied.join(', ')}.` : 'The schema is up to date.';
  process.stdout.write(`${outcome}\n`);
}
