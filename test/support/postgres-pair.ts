import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chown, copyFile, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { afterwards, type Cleanup } from './cleanup.ts';
import { freePort } from './free-port.ts';
import { preparePostgresBinaries, type ServerUser, serverUser } from './postgres-binaries.ts';
import { initialize } from './postgres-cluster.ts';
import { createNode, type PostgresNode } from './postgres-node.ts';

/** A primary and its synchronous streaming standby. */
export interface PostgresPair {
  /** `promote` swaps the two. */
  readonly primary: PostgresNode;
  readonly standby: PostgresNode;
  /**
   * Makes the standby the primary, without synchronous replication until `rejoin`. Stop the old primary
   * first, unless the test needs two. Resolves when it accepts writes.
   */
  promote(): Promise<void>;
  /** Makes the old primary, or a lost standby, a synchronous standby again, from a copy of the primary. */
  rejoin(): Promise<void>;
  /** Until `resumeReplay`, the standby stores what it receives but does not show it. */
  pauseReplay(): Promise<void>;
  resumeReplay(): Promise<void>;
}

const conditionTimeoutMs = 60_000;

/** Starts a pair, which takes a few seconds; the cleanup removes it. */
export async function startPostgresPair(cleanup: Cleanup): Promise<PostgresPair> {
  const user = serverUser();
  const folder = await mkdtemp(join(tmpdir(), 'customers-test-pair-'));
  afterwards(cleanup, () => rm(folder, { recursive: true, force: true, maxRetries: 3 }));
  if (user) await chown(folder, user.uid, user.gid);
  const binaries = await preparePostgresBinaries(folder, user);
  const password = randomBytes(16).toString('hex');
  const node = async (name: string) => {
    const place = {
      program: binaries.postgres,
      folder,
      data: join(folder, name),
      port: await freePort(),
      user,
    };
    const created = createNode(place, password);
    afterwards(cleanup, () => created.end());
    return created;
  };
  let primary = await node('first');
  let standby = await node('second');
  await initialize(binaries, { folder, data: primary.data, password, user });
  await primary.start();
  await makeStandby(standby, primary, user);

  return {
    get primary() {
      return primary;
    },
    get standby() {
      return standby;
    },
    async promote() {
      await standby.run('SELECT pg_promote(wait_seconds => 60)');
      [primary, standby] = [standby, primary];
      await until(async () => {
        const [row] = await primary.run<{ standby: boolean }>('SELECT pg_is_in_recovery() AS standby');
        return row?.standby === false;
      });
    },
    async rejoin() {
      await standby.stop();
      // The copy would inherit the setting and wait for a standby once it is promoted.
      await configure(primary, 'ALTER SYSTEM RESET synchronous_standby_names');
      await makeStandby(standby, primary, user);
    },
    pauseReplay: async () => void (await standby.run('SELECT pg_wal_replay_pause()')),
    resumeReplay: async () => void (await standby.run('SELECT pg_wal_replay_resume()')),
  };
}

/** Copies the running primary by file, because the package has no pg_basebackup. */
async function makeStandby(standby: PostgresNode, primary: PostgresNode, user: ServerUser): Promise<void> {
  await rm(standby.data, { recursive: true, force: true });
  const label = await copyRunning(primary, standby.data);
  await writeFile(join(standby.data, 'backup_label'), label);
  await writeFile(join(standby.data, 'standby.signal'), '');
  const { hostname: host, port, username, password } = new URL(primary.url);
  const source = `host=${host} port=${port} user=${username} password=${password}`;
  await writeFile(join(standby.data, 'postgresql.auto.conf'), `primary_conninfo = '${source}'\n`);
  if (user) execFileSync('chown', ['-R', `${user.uid}:${user.gid}`, standby.data]);
  await standby.start();
  await configure(primary, "ALTER SYSTEM SET synchronous_standby_names = '*'");
  await until(async () => {
    const rows = await primary.run<{ state: string }>('SELECT sync_state AS state FROM pg_stat_replication');
    return rows.some(({ state }) => state === 'sync');
  });
}

async function configure(node: PostgresNode, sql: string): Promise<void> {
  await node.run(sql);
  await node.run('SELECT pg_reload_conf()');
}

/** @returns the backup's label, which says where replay starts. */
async function copyRunning(primary: PostgresNode, data: string): Promise<string> {
  // The backup lasts as long as its connection.
  const client = new pg.Client({ connectionString: primary.url });
  await client.connect();
  try {
    await client.query("SELECT pg_backup_start('copy', fast => true)");
    await copyFolder(primary.data, data);
    const { rows } = await client.query('SELECT labelfile FROM pg_backup_stop(wait_for_archive => false)');
    return rows[0].labelfile;
  } finally {
    await client.end();
  }
}

/** Files of the running server, and what the standby streams. */
const contentsLeftOut = ['pg_wal', 'pg_replslot', 'pg_stat_tmp', 'pg_dynshmem', 'pg_notify', 'pg_subtrans'];
const filesLeftOut = ['postmaster.pid', 'postmaster.opts', 'standby.signal'];

async function copyFolder(from: string, to: string): Promise<void> {
  await mkdir(to, { mode: 0o700 });
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (contentsLeftOut.includes(entry.name)) await mkdir(target, { mode: 0o700 });
    else if (entry.isDirectory()) await copyFolder(source, target);
    else if (!filesLeftOut.includes(entry.name)) await copyFile(source, target).catch(ignoreVanished);
  }
}

/** Files may disappear during the copy; replay corrects it. */
function ignoreVanished(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + conditionTimeoutMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error('The pair of PostgreSQL servers did not become ready.');
    await delay(20);
  }
}
