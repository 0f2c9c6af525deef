import type { Engine } from './engine.ts';
import { fault, type Looks, ok, warning } from './findings.ts';
import { checkServer } from './postgres.ts';

/** Between two machines, the way there and back included. */
const clockSkewMaxMs = 1000;

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
