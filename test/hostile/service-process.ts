import { readdirSync, readFileSync } from 'node:fs';
import { loadConfig } from '../../src/config/config.ts';
import { migrate } from '../../src/storage/open.ts';
import { afterwards, type Cleanup } from '../support/cleanup.ts';
import { type EngineName, freshDatabaseUrl } from '../support/engines.ts';
import { type CommandExit, startCommand } from '../support/process.ts';
import { program } from '../support/program.ts';

export interface ServiceProcess {
  readonly url: string;
  readonly pid: number;
  readonly databaseUrl: string;
  /** Stops it and returns all of its output. Can be called repeatedly. */
  stop(): Promise<CommandExit>;
}

interface ServiceProcessOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Node's own arguments. */
  readonly nodeFlags?: readonly string[];
}

/** Starts the service in its own process, to observe its memory, descriptors and output. */
export async function startServiceProcess(
  cleanup: Cleanup,
  engine: EngineName,
  { env = {}, nodeFlags = [] }: ServiceProcessOptions = {},
): Promise<ServiceProcess> {
  const databaseUrl = await freshDatabaseUrl(cleanup, engine);
  if (engine === 'postgres') await migrate(loadConfig({ DATABASE_URL: databaseUrl }).database);
  const running = await startCommand(['serve'], {
    nodeArguments: [...nodeFlags, ...program],
    env: { HOST: '127.0.0.1', PORT: '0', DATABASE_URL: databaseUrl, UV_THREADPOOL_SIZE: '16', ...env },
    ready: /"url":"(http:\/\/[\d.:]+)"/,
  });
  let stopped: Promise<CommandExit> | undefined;
  const stop = () => (stopped ??= running.stop());
  afterwards(cleanup, async () => void (await stop()));
  return { url: running.match[1] ?? '', pid: running.pid, databaseUrl, stop };
}

/** Resident memory of a process in MB; undefined if the system does not report it. */
export function residentMb(pid: number): number | undefined {
  try {
    const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return Number(kilobytes) / 1024;
  } catch {
    return undefined;
  }
}

/** Number of open files and sockets of a process; undefined if the system does not report it. */
export function openDescriptors(pid: number): number | undefined {
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return undefined;
  }
}
