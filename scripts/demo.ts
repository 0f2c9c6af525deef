/**
 * Serves the real service from memory, filled with customers of many countries who have a history, for those who want
 * to try it or to build on it. SIGUSR2 makes everything as it was at the start.
 */
import { readFileSync } from 'node:fs';
import { bannerOf } from '../src/cli/serve.ts';
import { type Config, ConfigurationError, loadConfig } from '../src/config/config.ts';
import { type Service, startService } from '../src/service.ts';
import { demoClock, type Filling, fillDemo } from './demo/fill.ts';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  readonly version: string;
};

await demo().catch(fail);

async function demo(): Promise<void> {
  const { HOST, PORT, AUTH, LOG_LEVEL = 'warn' } = process.env;
  const environment = { HOST, PORT, AUTH, LOG_LEVEL, DATABASE_URL: 'sqlite::memory:' };
  const config = loadConfig(environment);
  if (config.authentication !== 'off')
    throw new Error('the demo has no credentials: unset AUTH, or set it to off.');
  let running = await startFilled(config);
  // A reset comes back to where it was, also where PORT=0 left the port to the system.
  const again = { ...config, port: Number(new URL(running.service.url).port) };
  let turn: Promise<void> = Promise.resolve();
  const inTurn = (task: () => Promise<void>) => {
    turn = turn.then(task).catch(fail);
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () =>
      inTurn(async () => {
        await running.service.stop();
        process.exit(0);
      }),
    );
  }
  process.on('SIGUSR2', () =>
    inTurn(async () => {
      await running.service.stop();
      running = await startFilled(again);
      print(`As at the start: ${describe(running.filling)}.`);
    }),
  );
  print(bannerOf(running.service, config, version));
  print(`It holds ${describe(running.filling)}. As at the start again:\n\n  kill -USR2 ${process.pid}\n`);
}

async function startFilled(
  config: Config,
): Promise<{ readonly service: Service; readonly filling: Filling }> {
  const clock = demoClock();
  const service = await startService(config, { clock: clock.now });
  try {
    return { service, filling: await fillDemo(service.url, clock) };
  } catch (error) {
    await service.stop();
    throw error;
  }
}

function describe({ created, updated, deleted }: Filling): string {
  return `${created} customers, ${updated} of them changed and ${deleted} deleted since`;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

function fail(error: unknown): never {
  const { code, message } = error as NodeJS.ErrnoException;
  if (error instanceof ConfigurationError) process.stderr.write(`${message}\n`);
  else if (code === 'EADDRINUSE') process.stderr.write('demo: the port is taken. Set PORT to another one.\n');
  else process.stderr.write(`demo: ${message}\n`);
  process.exit(1);
}
