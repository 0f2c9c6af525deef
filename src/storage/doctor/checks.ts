import type { DatabaseConfig } from '../../config/parsers.ts';
import type { Engine } from '../engine/engine.ts';
import { readSchemaState } from '../migrations/migrator.ts';
import { backendOf } from '../open.ts';
import { type CheckResult, type Checks, clockSkewMaxMs, fault, ok, warning } from './check.ts';

/** A result of `customers doctor`. */
export interface SubjectResult extends CheckResult {
  readonly subject: string;
}

/** Runs every check of `customers doctor`, also while a service uses the database. Changes nothing. */
export async function* runChecks(config: DatabaseConfig): AsyncGenerator<SubjectResult> {
  const backend = backendOf(config);
  if (!backend.isPersistent) {
    yield { subject: 'database', ...ok('a temporary file, created at each start') };
    return;
  }
  const engine = backend.openForDoctor();
  try {
    const checks = { ...backend.checks(engine), ...contentChecks(engine) };
    for (const [subject, check] of Object.entries(checks)) {
      const result = await check().catch((error: Error) => fault(error.message));
      yield { subject, ...result };
      // Without a database the other checks are pointless, and querying SQLite would create one.
      if (subject === 'database' && result.level === 'fault') return;
    }
  } finally {
    await engine.close();
  }
}

/** The checks of the tables, which are the same on both databases. */
function contentChecks(engine: Engine): Checks {
  return {
    schema: () => checkSchema(engine),
    feed: () => checkFeed(engine),
    'time of the last change': () => checkLastChange(engine),
  };
}

async function checkSchema(engine: Engine): Promise<CheckResult> {
  const { pending, unknown, newer, incomplete } = await readSchemaState(engine);
  if (incomplete) return fault('customers move is filling the database, or was cut off. Run it again.');
  if (unknown.length > 0) return fault(`made by a newer release (${unknown.join(', ')}). Run that release.`);
  if (pending.length > 0) return warning(`lacks ${pending.join(', ')}. Run: customers migrate`);
  return ok(
    newer.length > 0 ? `newer, and this release can serve on it (${newer.join(', ')})` : 'up to date',
  );
}

async function checkFeed(engine: Engine): Promise<CheckResult> {
  const sql =
    'SELECT CAST(position AS text) AS head, ' +
    'CAST(coalesce((SELECT max(position) FROM changes), position) AS text) AS last FROM feed_head';
  const [row] = await engine.read((session) => session.run<{ head: string; last: string }>(sql, []));
  return row && row.head === row.last
    ? ok(`position ${row.head}`)
    : fault(`its head is ${row?.head} and its last entry ${row?.last}. Restore the last backup.`);
}

async function checkLastChange(engine: Engine): Promise<CheckResult> {
  const sql = 'SELECT at FROM changes ORDER BY position DESC LIMIT 1';
  const [row] = await engine.read((session) => session.run<{ at: string }>(sql, []));
  return row && Date.parse(row.at) > Date.now() + clockSkewMaxMs
    ? warning(`${row.at}, which is yet to come by this machine's clock. Check the clock.`)
    : ok(row?.at ?? 'there is none yet');
}
