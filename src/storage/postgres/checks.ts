import { readFeedBounds } from '../changes/change-log.ts';
import { type CheckResult, type Checks, clockSkewMaxMs, fault, ok, warning } from '../doctor/check.ts';
import type { Engine } from '../engine/engine.ts';

/**
 * The checks of a PostgreSQL server and its configuration.
 * @param assertSupported rejects for a server that the service refuses to use.
 */
export function serverChecks(engine: Engine, assertSupported: () => Promise<void>): Checks {
  async function value(sql: string): Promise<string> {
    const [row] = await engine.read((session) => session.run<{ value: string }>(sql, []));
    return row?.value ?? '';
  }
  const setting = (name: string) => value(`SELECT current_setting('${name}', true) AS value`);
  return {
    database: async () => {
      await assertSupported();
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

/**
 * Checks that the replica is a standby of the primary. A fault means that it belongs to another database. One that is
 * unreachable or was promoted is a warning: the primary serves all reads meanwhile.
 */
export async function checkReplica(primary: Engine, replica: Engine): Promise<CheckResult> {
  const expected = await identityOf(primary);
  let actual: Identity;
  try {
    actual = await identityOf(replica);
  } catch (error) {
    return warning(`cannot be asked (${(error as Error).message}). Reads go to the primary meanwhile.`);
  }
  if (actual.cluster !== expected.cluster || actual.database !== expected.database)
    return fault('is no standby of the database of DATABASE_URL. Point DATABASE_REPLICA_URL at one.');
  if (!actual.standby)
    return warning('takes writes, so it is no standby. Reads go to the primary while that is so.');
  return ok(`a standby, ${await describeLag(primary, replica)}`);
}

interface Identity {
  readonly standby: boolean;
  /** The system identifier, which a server shares only with its physical copies. */
  readonly cluster: string;
  readonly database: string;
}

const identityStatement =
  'SELECT pg_is_in_recovery() AS standby, ' +
  '(SELECT CAST(system_identifier AS text) FROM pg_control_system()) AS cluster, ' +
  '(SELECT CAST(oid AS text) FROM pg_database WHERE datname = current_database()) AS database';

async function identityOf(engine: Engine): Promise<Identity> {
  const [row] = await engine.read((session) => session.run<Identity>(identityStatement, []));
  if (!row) throw new Error('the server did not say what it is');
  return row;
}

/** Reads the replica first, so that it cannot appear to be ahead. */
async function describeLag(primary: Engine, replica: Engine): Promise<string> {
  const theirs = await replica.read(readFeedBounds).catch(() => undefined);
  if (!theirs) return 'without the tables of this service so far';
  const { head } = await primary.read(readFeedBounds);
  return theirs.head === head ? 'up to date' : `${BigInt(head) - BigInt(theirs.head)} changes behind`;
}
