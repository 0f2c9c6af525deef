import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { ServerUser } from './postgres-binaries.ts';

const stopTimeoutMs = 15_000;

/** glibc has C.UTF-8, macOS does not. Under the plain C locale pg_trgm ignores non-ASCII text. */
export const locale = process.platform === 'linux' ? 'C.UTF-8' : 'en_US.UTF-8';

/**
 * The environment of the server's programs, without variables of the user's shell such as PGDATA or LC_ALL.
 */
export const environment = { PATH: process.env.PATH, TZ: 'UTC', LANG: locale, LC_MESSAGES: 'C' };

/**
 * Runs the server; when standard input closes, also because the parent was killed, ends it and removes its
 * folder. If the server ends earlier, its folder remains for a restart. SIGINT is PostgreSQL's fast shutdown.
 */
const supervise = `
  folder=$1; shift
  exec 3<&0
  "$@" & server=$!
  (cat <&3 >/dev/null; touch "$folder/ended"; kill -INT $server 2>/dev/null) & watcher=$!
  wait $server
  kill $watcher 2>/dev/null
  if [ -e "$folder/ended" ]; then rm -rf "$folder"; fi`;

export interface ServerPlace {
  readonly program: string;
  /** Removed at the end, with the data in it. */
  readonly folder: string;
  readonly data: string;
  readonly port: number;
  readonly user: ServerUser;
}

/** Starts the server of a cluster; `endServer` ends it and removes the folder. */
export function spawnServer({ program, folder, data, port, user }: ServerPlace): ChildProcess {
  const settings = [
    'listen_addresses=127.0.0.1',
    `port=${port}`,
    'unix_socket_directories=',
    'max_connections=200',
    // How often a standby looks for its primary; commits wait for that.
    'wal_retrieve_retry_interval=200ms',
    // Omits the errors that tests cause on purpose.
    'log_min_messages=log',
  ];
  const command = [program, '-D', data, ...settings.flatMap((setting) => ['-c', setting])];
  return spawn('/bin/sh', ['-c', supervise, 'sh', folder, ...command], {
    ...user,
    cwd: '/',
    env: environment,
    stdio: ['pipe', 'ignore', 'pipe'],
    // In its own process group: Ctrl-C must not end the server before the tests that use it.
    detached: true,
  });
}

export async function endServer(server: ChildProcess): Promise<void> {
  if (hasEnded(server) || server.pid === undefined) return;
  const exited = once(server, 'exit');
  server.stdin?.end();
  const inTime = await Promise.race([exited.then(() => true), delay(stopTimeoutMs, false, { ref: false })]);
  if (inTime) return;
  process.kill(-server.pid, 'SIGKILL');
  await exited;
}

export function hasEnded(server: ChildProcess): boolean {
  return server.exitCode !== null || server.signalCode !== null;
}
