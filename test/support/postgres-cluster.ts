import { type ChildProcess, execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import { freePort } from './free-port.ts';
import {
  type PostgresBinaries,
  preparePostgresBinaries,
  type ServerUser,
  serverUser,
} from './postgres-binaries.ts';
import { endServer, environment, hasEnded, locale, spawnServer } from './postgres-server.ts';

export interface PostgresCluster {
  /** The cluster's database `postgres`, as its superuser. */
  readonly url: string;
  /** Such as `18.4`. */
  readonly version: string;
  /** Stops the server and removes its folder. Can be called repeatedly. */
  stop(): Promise<void>;
}

const startTimeoutMs = 60_000;

/** Creates a cluster in a temporary folder and starts its server on a free port of 127.0.0.1. */
export async function startPostgresCluster(): Promise<PostgresCluster> {
  const user = serverUser();
  const folder = await mkdtemp(join(tmpdir(), 'customers-test-postgres-'));
  const removeFolder = () => rm(folder, { recursive: true, force: true, maxRetries: 3 });
  let server: ChildProcess | undefined;
  try {
    if (user) await chown(folder, user.uid, user.gid);
    const binaries = await preparePostgresBinaries(folder, user);
    const password = randomBytes(16).toString('hex');
    const data = join(folder, 'data');
    await initialize(binaries, { folder, data, password, user });
    const port = await freePort();
    const url = `postgres://postgres:${password}@127.0.0.1:${port}/postgres`;
    server = spawnServer({ program: binaries.postgres, folder, data, port, user });
    const version = await untilReady(url, server);
    const running = server;
    let stopped: Promise<void> | undefined;
    const stop = () => (stopped ??= endServer(running).then(removeFolder));
    return { url, version, stop };
  } catch (failure) {
    if (server) await endServer(server);
    await removeFolder();
    throw failure;
  }
}

interface NewCluster {
  readonly folder: string;
  readonly data: string;
  readonly password: string;
  readonly user: ServerUser;
}

/** Creates a cluster with the superuser `postgres`. */
export async function initialize(
  binaries: PostgresBinaries,
  { folder, data, password, user }: NewCluster,
): Promise<void> {
  const passwordFile = join(folder, 'password');
  await writeFile(passwordFile, password, { mode: 0o600 });
  if (user) await chown(passwordFile, user.uid, user.gid);
  const flags = [
    `--pgdata=${data}`,
    '--username=postgres',
    '--auth=scram-sha-256',
    `--pwfile=${passwordFile}`,
    '--encoding=UTF8',
    `--locale=${locale}`,
  ];
  await promisify(execFile)(binaries.initdb, flags, { ...user, cwd: '/', env: environment }).catch(
    (failure) => {
      throw new Error(`initdb failed: ${failure.stderr || failure.message}`, { cause: failure });
    },
  );
}

/** Resolves with the server's version once it accepts connections. */
export async function untilReady(url: string, server: ChildProcess): Promise<string> {
  let log = '';
  server.stderr?.setEncoding('utf8').on('data', (text) => {
    log = (log + text).slice(-4000);
  });
  const deadline = performance.now() + startTimeoutMs;
  for (;;) {
    if (hasEnded(server) || performance.now() > deadline) {
      throw new Error(`The PostgreSQL of the tests did not start:\n${log}`);
    }
    try {
      return await readVersion(url);
    } catch (failure) {
      if (failure instanceof WrongEncoding) throw failure;
      await delay(50);
    }
  }
}

/**
 * The version of a server, such as `18.4`.
 * @throws WrongEncoding if it cannot store every text unchanged
 */
export async function readVersion(url: string): Promise<string> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5000 });
  // If the server ends while we connect, the promise rejects; an unhandled error event would end this
  // process.
  client.on('error', () => undefined);
  await client.connect();
  try {
    const { rows } = await client.query(
      `SELECT current_setting('server_version') AS version, current_setting('server_encoding') AS encoding`,
    );
    if (rows[0].encoding !== 'UTF8') throw new WrongEncoding(rows[0].encoding);
    return rows[0].version;
  } finally {
    await client.end();
  }
}

class WrongEncoding extends Error {
  constructor(encoding: string) {
    super(`The PostgreSQL of the tests has the encoding ${encoding}; it must be UTF8.`);
  }
}
