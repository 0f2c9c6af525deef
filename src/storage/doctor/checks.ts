import { accessSync, constants, existsSync, statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { DatabaseConfig } from '../../config/parsers.ts';
import type { Engine } from '../engine/engine.ts';
import { StorageProblem } from '../errors.ts';
import { readSchemaState } from '../migrations/migrator.ts';
import { checkServer, openPostgres } from '../postgres/driver.ts';
import { replicaTimeoutMs } from '../postgres/replica.ts';
import { openSqlite } from '../sqlite/driver.ts';
import { checkIsDatabase, lockFile } from '../sqlite/file.ts';
import { type Finding, fault, type Looks, lookAtReplica, ok, warning } from './replica.ts';

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

/** What there is to see of a PostgreSQL server and how it is set up. */
export function looksAtServer(engine: Engine): Looks {
  async function value(sql: string): Promise<string> {
    const [row] = await engine.read((session) => session.run<{ value: string }>(sql, []));
    return row?.value ?? '';
  }
  const setting = (name: string) => value(`SELECT current_setting('${name}', true) AS value`);
  return {
    database: async () => {
      await checkServer(engine);
      return ok(`PostgreSQL ${await setting('server_version')}`);
    },
    role: async () => {
      const standby = await value('SELECT CAST(pg_is_in_recovery() AS text) AS value');
      return standby === 'true'
        ? fault('a standby, which takes no writes. Point DATABASE_URL at the primary.')
        : ok('the primary');
    },
    durability: async () => {
      for (const name of ['fsync', 'full_page_writes']) {
        if ((await setting(name)) === 'off')
          return fault(`${name} is off: a crash can destroy the database. Set it to on.`);
      }
      return (await setting('synchronous_standby_names')) === ''
        ? warning('no synchronous standby: losing this server loses what only it has.')
        : ok(`synchronous_commit is ${await setting('synchronous_commit')}, with a synchronous standby`);
    },
    connections: async () => {
      const most = Number(await setting('max_connections'));
      const used = Number(await value('SELECT count(*) AS value FROM pg_stat_activity'));
      return used < most * 0.8
        ? ok(`${used} of ${most} are in use`)
        : warning(`${used} of ${most} are in use. Lower DATABASE_POOL_SIZE or raise max_connections.`);
    },
    clock: async () => {
      const now = await value('SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS text) AS value');
      const skewMs = Math.round(Math.abs(Date.now() - Number(now)));
      return skewMs <= clockSkewMaxMs
        ? ok('this machine and the server agree')
        : warning(`this machine and the server differ by ${skewMs} ms. Keep both with NTP.`);
    },
  };
}

/** Less than this and the service may stop taking writes before anybody looks again. */
const freeBytesMin = 256 * 1024 * 1024;

/** A write-ahead log is cut back to 64 MB; one that grows far beyond has a reader that does not end. */
const walBytesMax = 512 * 1024 * 1024;

/** What there is to see of a SQLite file. */
export function looksAtFile(file: string, engine: Engine): Looks {
  return {
    database: async () => {
      if (!existsSync(file)) throw new StorageProblem(`there is no ${file} yet. The first start makes it.`);
      checkIsDatabase(file);
      accessSync(file, constants.R_OK | constants.W_OK);
      accessSync(dirname(file), constants.W_OK);
      return ok(`${file}, ${megabytes(statSync(file).size)}`);
    },
    access: async () =>
      (statSync(file).mode & 0o077) === 0
        ? ok('for its owner alone')
        : warning(`others on this machine can read it. Run: chmod 600 ${file}`),
    service: async () => {
      try {
        await (await lockFile(file))();
        return ok('none uses the file now');
      } catch (error) {
        if (error instanceof StorageProblem) return ok(error.message.split('. ')[0] ?? '');
        throw error;
      }
    },
    'free space': async () => freeSpace(dirname(file), statSync(file).size),
    'write-ahead log': async () => {
      const bytes = existsSync(`${file}-wal`) ? statSync(`${file}-wal`).size : 0;
      return bytes <= walBytesMax
        ? ok(megabytes(bytes))
        : warning(`${megabytes(bytes)}: a reader that does not end keeps it from being cut back.`);
    },
    integrity: async () => {
      const sql = 'PRAGMA integrity_check(1)';
      const [row] = await engine.read((session) => session.run<{ integrity_check: string }>(sql, []));
      return row?.integrity_check === 'ok'
        ? ok('every page and every index is sound')
        : fault(`damaged: ${row?.integrity_check}. Stop the service and restore the last backup.`);
    },
  };
}

function freeSpace(folder: string, databaseBytes: number): Finding {
  const { bavail, bsize } = statfsSync(folder);
  const free = bavail * bsize;
  if (free < freeBytesMin) return fault(`${megabytes(free)} left. Make room: writes will soon be refused.`);
  return free < databaseBytes
    ? warning(`${megabytes(free)} left, less than the database: neither a backup nor a migration may fit.`)
    : ok(`${megabytes(free)} left`);
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toLocaleString('en', { maximumFractionDigits: 1 })} MB`;
}
