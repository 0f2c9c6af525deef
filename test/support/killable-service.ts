import { afterwards, type Cleanup } from './cleanup.ts';
import { startCommand } from './process.ts';

/** Starts the service's command on an existing database, to be killed. */
export async function startKillableService(cleanup: Cleanup, databaseUrl: string) {
  const command = await startCommand(['serve'], {
    env: { HOST: '127.0.0.1', PORT: '0', DATABASE_URL: databaseUrl, LOG_LEVEL: 'info' },
    ready: /"url":"(http:[^"]+)"/,
  });
  let killed: Promise<unknown> | undefined;
  const kill = () => (killed ??= command.stop('SIGKILL'));
  afterwards(cleanup, async () => void (await kill()));
  return { url: command.match[1] as string, kill };
}
