#!/usr/bin/env -S UV_THREADPOOL_SIZE=16 node
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { backUp, restore } from './commands/backup.ts';
import { doctor } from './commands/doctor.ts';
import { endCommand } from './commands/end-command.ts';
import { migrateSchema } from './commands/migrate.ts';
import { serve } from './commands/serve.ts';
import { type Config, loadConfig, settings } from './config.ts';

const packageFile = new URL('../package.json', import.meta.url);
const { version } = JSON.parse(readFileSync(packageFile, 'utf8')) as { version: string };

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
  .action(() => serve(config(), version));

program
  .command('migrate')
  .description('Bring the database schema up to date, and exit. Harmless when it is already.')
  .action(() => migrateSchema(config()));

program
  .command('backup')
  .description('Write a verified copy of the SQLite database to FILE, also while it is served.')
  .argument('<file>', 'where the copy goes; nothing is overwritten')
  .action((file: string) => backUp(config(), file));

program
  .command('restore')
  .description('Put a backup in the place of the SQLite database, which no service may be using.')
  .argument('<file>', 'what `customers backup` wrote')
  .option('--replace', 'take the place of a database that is there, which is kept under another name', false)
  .action((file: string, options: { replace: boolean }) => restore(config(), file, options));

program
  .command('doctor')
  .description(
    'Look at the database, its place and its health, also while it is served; 1 where a fault is found.',
  )
  .action(() => doctor(config()));

await program.parseAsync().catch(endCommand);

/** Read when a command runs, so that --help and --version work under wrong settings too. */
function config(): Config {
  return loadConfig(process.env);
}

function settingsHelp(): string {
  const width = Math.max(...settings.map(({ name }) => name.length)) + 2;
  const lines = settings.map(
    ({ name, description, fallback }) =>
      `  ${name.padEnd(width)}${description}${fallback ? ` Default: ${fallback}` : ''}`,
  );
  return `Settings (environment variables):\n${lines.join('\n')}`;
}
