import type { DatabaseConfig } from '../config/parsers.ts';
import type { Engine } from './engine.ts';
import { type Finding, fault, type Looks, ok, warning } from './findings.ts';
import { readSchemaState } from './migrator.ts';
import { openPostgres } from './postgres.ts';
import { looksAtServer } from './postgres-checkup.ts';
import { lookAtReplica } from './replica-check.ts';
import { replicaTimeoutMs } from './replica-reads.ts';
import { openSqlite } from './sqlite.ts';
import { looksAtFile } from './sqlite-checkup.ts';

export interface CheckUpResult extends Finding {
  readonly subject: string;
}

/** A clock may be so far off before anybody is told. */
const clockSkewMaxMs = 1000;

/** Looks at all that an operator would look at, beside a running service too, and changes nothing. */
export async function* checkUp(config: DatabaseConfig): AsyncGenerator<CheckUpResult> {
  if (config.engine === 'sqlite' && config.temporary) {
    yield { subject: 'database', ...ok('a temporary file that each start makes anew') };
    return;
  }
  const engine =
    config.engine === 'sqlite'
      ? openSqlite({ file: config.file, timeoutMs: 0 })
      : openPostgres({ url: config.url, readerConnections: 1, timeoutMs: 0 });
  const looks = config.engine === 'sqlite' ? looksAtFile(config.file, engine) : looksAtServer(engine);
  const more = config.engine === 'sqlite' ? {} : looksAtReplica(engine, config.replicaUrl);
  try {
    for (const [subject, look] of Object.entries({ ...looks, ...looksAtContents(engine), ...more })) {
      const found = await look().catch((error: Error) => fault(error.message));
      yield { subject, ...found };
      // Where there is no database nothing else can be seen, and looking on would make one.
      if (subject === 'database' && found.level === 'fault') return;
    }
  } finally {
    await engine.close();
  }
}

function looksAtReplica(primary: Engine, url: string | undefined): Looks {
  if (url === undefined) return {};
  return {
    replica: async () => {
      const replica = openPostgres({ url, readerConnections: 1, timeoutMs: replicaTimeoutMs, standby: true });
      return lookAtReplica(primary, replica).finally(() => replica.close());
    },
  };
}

/** What both databases are asked alike. */
function looksAtContents(engine: Engine): Looks {
  return {
    schema: async () => {
      const { pending, unknown, newer, incomplete } = await readSchemaState(engine);
      if (incomplete) return fault('customers move is filling the database, or was cut off. Run it again.');
      if (unknown.length > 0)
        return fault(`made by a newer release (${unknown.join(', ')}). Run that release.`);
      if (pending.length > 0) return warning(`lacks ${pending.join(', ')}. Run: customers migrate`);
      return ok(
        newer.length > 0 ? `newer, and this release can serve on it (${newer.join(', ')})` : 'up to date',
      );
    },
    feed: async () => {
      const sql =
        'SELECT CAST(position AS text) AS head, ' +
        'CAST(coalesce((SELECT max(position) FROM changes), position) AS text) AS last FROM feed_head';
      const [row] = await engine.read((session) => session.run<{ head: string; last: string }>(sql, []));
      return row && row.head === row.last
        ? ok(`position ${row.head}`)
        : fault(`its head is ${row?.head} and its last entry ${row?.last}. Restore the last backup.`);
    },
    'time of the last change': async () => {
      const sql = 'SELECT at FROM changes ORDER BY position DESC LIMIT 1';
      const [row] = await engine.read((session) => session.run<{ at: string }>(sql, []));
      return row && Date.parse(row.at) > Date.now() + clockSkewMaxMs
        ? warning(`${row.at}, which is yet to come by this machine's clock. Check the clock.`)
        : ok(row?.at ?? 'there is none yet');
    },
  };
}
