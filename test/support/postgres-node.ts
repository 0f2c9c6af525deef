import type { ChildProcess } from 'node:child_process';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { untilReady } from './postgres-cluster.ts';
import { endServer, hasEnded, type ServerPlace, spawnServer } from './postgres-server.ts';

/** A PostgreSQL server that a test can stop and kill. It keeps its port and data. */
export interface PostgresNode {
  readonly port: number;
  readonly data: string;
  /** The database `postgres`, as its superuser. */
  readonly url: string;
  readonly running: boolean;
  /** Resolves when it accepts queries (standby) or writes (primary). */
  start(): Promise<void>;
  /** Shuts the server down and closes every connection (PostgreSQL's fast shutdown). */
  stop(): Promise<void>;
  /**
   * Kills the server and its processes at once, as if the machine died, except that the system closes the
   * sockets.
   */
  kill(): Promise<void>;
  /** Runs one statement on its own connection, as superuser. */
  run<Row extends object>(sql: string): Promise<Row[]>;
  /** Stops it permanently and removes its folder. */
  end(): Promise<void>;
}

export function createNode(place: ServerPlace, password: string): PostgresNode {
  const { data, port } = place;
  const url = `postgres://postgres:${password}@127.0.0.1:${port}/postgres`;
  let server: ChildProcess | undefined;

  const postmaster = async () =>
    Number((await readFile(join(data, 'postmaster.pid'), 'utf8')).split('\n')[0]);

  async function endBy(signal: (pid: number) => void): Promise<void> {
    if (!server || hasEnded(server)) return;
    const exited = once(server, 'exit');
    signal(await postmaster());
    await exited;
    server.stdin?.end();
  }

  return {
    port,
    data,
    url,
    get running() {
      return server !== undefined && !hasEnded(server);
    },
    async start() {
      server = spawnServer(place);
      await untilReady(url, server);
    },
    stop: () => endBy((pid) => process.kill(pid, 'SIGINT')),
    kill: () => endBy(killWithChildren),
    async run<Row extends object>(sql: string) {
      const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5000 });
      client.on('error', () => undefined);
      await client.connect();
      try {
        return (await client.query<Row>(sql)).rows;
      } finally {
        await client.end();
      }
    },
    async end() {
      if (server) await endServer(server);
    },
  };
}

/** Stops the parent first, so that it starts no more children; a surviving child could still commit. */
function killWithChildren(pid: number): void {
  process.kill(pid, 'SIGSTOP');
  const table = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' });
  const processes = table.split('\n').map((line) => line.trim().split(/\s+/).map(Number));
  const children = processes.flatMap(([child, parent]) => (parent === pid && child ? [child] : []));
  for (const each of [pid, ...children]) killIfRunning(each);
}

function killIfRunning(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
