import { afterwards, type Cleanup } from '../support/cleanup.ts';
import { until } from '../support/credentials.ts';
import { freePort } from '../support/free-port.ts';
import { type RunningCommand, startCommand } from '../support/process.ts';

/** An instance of the service at a port that its gateway knows. */
export interface Instance {
  readonly port: number;
  running: RunningCommand;
}

export async function startInstances(cleanup: Cleanup, databaseUrl: string): Promise<[Instance, Instance]> {
  const start = async (): Promise<Instance> => {
    const port = await freePort();
    const instance = { port, running: await startInstance(databaseUrl, port) };
    afterwards(cleanup, async () => void (await instance.running.stop('SIGKILL')));
    return instance;
  };
  return Promise.all([start(), start()]);
}

export function startInstance(databaseUrl: string, port: number): Promise<RunningCommand> {
  const env = { DATABASE_URL: databaseUrl, PORT: String(port), AUTH: 'keys', TRUST_PROXY: '1' };
  return startCommand(['serve'], { env, ready: /"message":"listening"|"listening"/ });
}

/** Waits until the instance's own metrics show that requests arrive again. */
export async function untilServing({ port }: Instance): Promise<void> {
  const served = async () =>
    /operation="listCustomers"/.test(await (await fetch(`http://127.0.0.1:${port}/metrics`)).text());
  await until(served, 30_000, 100);
}
