#!/usr/bin/env -S UV_THREADPOOL_SIZE=16 node
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { type Config, ConfigurationError, loadConfig, settings } from './config.ts';
import { type Service, startService } from './service.ts';
import { migrate } from './storage/database.ts';
import { StorageProblem } from './storage/storage-problem.ts';

const packageFile = new URL('../package.json', import.meta.url);
const { version } = JSON.parse(readFileSync(packageFile, 'utf8')) as { version: string };

/** The exit code of sysexits.h for a wrong setting; everything else that fails is 1. */
const configurationExitCode = 78;

const program = new Command('customers')
  .description("A company's customer service of record: one REST API over one entity, Customer.")
  .version(version, '--version', 'print the version and exit')
  .helpOption('--help', 'print this help and exit')
  .helpCommand(false)
  .addHelpText('after', `\n${settingsHelp()}`)
  .showHelpAfterError('Run customers --help to see what there is.');

program
  .command('serve')
  .description('Serve the API until SIGTERM or Ctrl-C. An embedded database is created and kept up to date.')
  .action(serve);

program
  .command('migrate')
  .description('Bring the database schema up to date, and exit. Harmless when it is already.')
  .action(migrateSchema);

await program.parseAsync().catch(fail);

async function serve(): Promise<void> {
  const config = loadConfig(process.env);
  const service = await startService(config);
  // First, for whoever reads where it listens may send a signal at once.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => void stopOn(signal, service).catch(fail));
  }
  announce(service, config);
}

let signals = 0;

/** The first signal lets requests under way end; a second one does not wait for them. */
async function stopOn(signal: string, service: Service): Promise<void> {
  signals += 1;
  if (signals > 1) process.exit(130);
  service.log.info({ signal }, 'stopping');
  await service.stop();
  process.exit(0);
}

async function migrateSchema(): Promise<void> {
  const applied = await migrate(loadConfig(process.env).database);
  const outcome = applied.length > 0 ? `Applied ${applied.join(', ')}.` : 'The schema is up to date.';
  process.stdout.write(`${outcome}\n`);
}

/** For a person at a terminal: where things are, and a line to try. For everyone else: a log line. */
function announce({ url, log }: Service, config: Config): void {
  if (!process.stdout.isTTY) {
    log.info({ url, version, database: config.database.engine }, 'listening');
    return;
  }
  const lines = [
    `Customers ${version} listens on ${url} (${describeDatabase(config)}). Ctrl-C stops it.`,
    '',
    `  API        ${url}/customers`,
    `  Contract   ${url}/openapi.yaml`,
    `  Health     ${url}/readyz`,
    `  Metrics    ${url}/metrics`,
    '',
    'Create a first customer:',
    '',
    `  curl -i ${url}/customers -H 'Content-Type: application/json' -d '{"name":"Ada Lovelace","email":"ada@example.com"}'`,
    '',
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

function describeDatabase({ database }: Config): string {
  if (database.engine === 'postgres') return 'PostgreSQL';
  return database.temporary ? 'SQLite in a temporary file, gone at exit' : `SQLite in ${database.file}`;
}

/** Ends the command with one message that says what to do; a stack only for what nobody foresaw. */
function fail(error: unknown): never {
  if (error instanceof ConfigurationError) {
    process.stderr.write(`${error.message}\n`);
    process.exit(configurationExitCode);
  }
  process.stderr.write(`customers: ${describeFailure(error)}\n`);
  process.exit(1);
}

type ListenError = NodeJS.ErrnoException & {
  readonly port?: number;
  readonly address?: string;
  readonly hostname?: string;
};

function describeFailure(error: unknown): string {
  if (error instanceof StorageProblem) return error.message;
  const { code, port, address, hostname } = error as ListenError;
  if (code === 'EADDRINUSE') return `port ${port} is taken by another process. Set PORT to another one.`;
  if (code === 'EACCES') return `port ${port} is not for this user. Set PORT to one above 1023.`;
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
    return `HOST ${address ?? hostname} is not an address of this machine.`;
  }
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function settingsHelp(): string {
  const width = Math.max(...settings.map(({ name }) => name.length)) + 2;
  const lines = settings.map(
    ({ name, description, fallback }) =>
      `  ${name.padEnd(width)}${description}${fallback ? ` Default: ${fallback}` : ''}`,
  );
  return `Settings (environment variables):\n${lines.join('\n')}`;
}
